"""What stands in a check run: names, bounds, and what is still to be sent."""

from __future__ import annotations

import pytest

from openhands_testgen.clients.github_records import AnnotationDict, CheckRun
from openhands_testgen.reporting.annotations import Annotation
from openhands_testgen.reporting.github.check_run import (
    MAX_BYTES,
    choose_check_run,
    cut_to_bytes,
    find_missing,
    render_annotation,
    render_external_id,
    render_name,
)
from tests.fakes.hostile import TEXTS
from tests.fakes.results import make_result


@pytest.mark.parametrize(
    ("modules", "name"),
    [
        (["src/a.py"], "Generated tests: src/a.py"),
        (["src/b.py", "src/a.py"], "Generated tests: src/a.py and 1 more"),
        (["src/a.py", "src/a.py"], "Generated tests: src/a.py"),
        ([], "Generated tests: "),
    ],
)
def test_a_check_is_named_after_its_modules(modules: list[str], name: str) -> None:
    assert render_name([make_result(module_path=one) for one in modules]) == name


def test_the_external_id_is_that_of_the_modules_in_the_repository() -> None:
    one, other = make_result(module_path="a.py"), make_result(module_path="b.py")
    known = render_external_id([one, other], "")
    assert known == render_external_id([other, one], "")
    assert known != render_external_id([one], "")
    assert known != render_external_id([one, other], "backend")
    assert render_external_id([one], "x") == render_external_id(
        [make_result(module_path="x/a.py")], ""
    )


@pytest.mark.parametrize(
    ("level", "line", "end_line", "lines", "shown"),
    [
        ("error", 3, 5, (3, 5), "failure"),
        ("warning", 4, None, (4, 4), "warning"),
        ("notice", None, None, (1, 1), "notice"),
        ("notice", 9, 2, (9, 9), "notice"),
    ],
)
def test_annotation(
    level: str, line: int | None, end_line: int | None, lines: tuple[int, int], shown: str
) -> None:
    given = Annotation(level, "a.py", "Title", "Message", line, end_line)  # type: ignore[arg-type] # one of the three
    rendered = render_annotation(given, "backend")
    assert (rendered["start_line"], rendered["end_line"]) == lines
    assert rendered["annotation_level"] == shown
    assert rendered["path"] == "backend/a.py"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_texts_are_plain_and_bounded(text: str) -> None:
    rendered = render_annotation(Annotation("error", text, text, text, 1, 1), "")
    for name in ("path", "title", "message"):
        value = str(rendered[name])
        assert all(char.isprintable() or char == "\n" for char in value)
        assert len(value.encode()) <= MAX_BYTES
    assert len(str(rendered["title"])) <= 255
    assert "\n" not in f"{rendered['path']}{rendered['title']}"


def test_without_a_message_the_title_is_one() -> None:
    assert render_annotation(Annotation("error", "a.py", "Title", "\x00"), "")["message"] == "Title"


def make_annotation(message: str, line: int = 1) -> AnnotationDict:
    return render_annotation(Annotation("notice", "a.py", "T", message, line, line), "")


A, B, C = (make_annotation(letter) for letter in "abc")


@pytest.mark.parametrize(
    ("planned", "present", "missing"),
    [
        ([A, B], [], [A, B]),
        ([A, B], [A], [B]),
        ([A, B], [B], [A]),
        ([A, B], [B, A], []),
        ([A, A], [A], [A]),
        ([A], [A, A], None),
        ([A, B], [C], None),
        ([], [], []),
        ([], [A], None),
        ([A], [{**A, "message": " a\r\n"}], []),
        ([A], [make_annotation("a", 2)], None),
    ],
)
def test_what_is_missing(
    planned: list[AnnotationDict],
    present: list[AnnotationDict],
    missing: list[AnnotationDict] | None,
) -> None:
    assert find_missing(planned, present) == missing


def test_the_latest_of_our_own_is_chosen() -> None:
    runs = [CheckRun(1, "mine", ""), CheckRun(5, "mine", ""), CheckRun(9, "other", "")]
    assert choose_check_run(runs, "mine") == runs[1]
    assert choose_check_run(runs, "none") is None


def test_a_text_is_cut_between_characters() -> None:
    assert cut_to_bytes("short") == "short"
    cut = cut_to_bytes("€" * MAX_BYTES)
    assert len(cut.encode()) <= MAX_BYTES
    assert cut.endswith("€\n\nThis is cut; the job summary has the rest.")
