"""The comment: found again by its marker, written by nobody else, harmless whatever is in it."""

from __future__ import annotations

import pytest

from openhands_testgen.clients.github_records import Comment
from openhands_testgen.reporting.github.comment import (
    MAX_BYTES,
    choose_comment,
    find_marker,
    make_marker,
    render_comment,
)
from tests.fakes.hostile import TEXTS, make_hostile
from tests.fakes.results import make_rejected, make_result

MARKER = make_marker("Tests", "collect", ["a.py", "b.py"])


def make_comment(number: int, *modules: str, job: str = "collect", trusted: bool = True) -> Comment:
    return Comment(number, f"{make_marker('Tests', job, modules)}\nbody", trusted)


def test_a_marker_is_found_again() -> None:
    assert find_marker(render_comment([make_result()], MARKER, ["note"])) == MARKER


@pytest.mark.parametrize(
    "body",
    [
        "",
        "text",
        f"> {MARKER}",
        f"text\n{MARKER}",
        str(MARKER)[:-1],
        "<!-- openhands-testgen -->",
        "<!-- openhands-testgen xyz -->",
    ],
)
def test_what_is_no_marker(body: str) -> None:
    assert find_marker(body) is None


@pytest.mark.parametrize(
    ("comments", "chosen"),
    [
        ([], None),
        ([make_comment(1, "a.py", "b.py")], 1),
        ([make_comment(1, "a.py"), make_comment(2, "a.py", "b.py")], 2),
        ([make_comment(1, "a.py"), make_comment(2, "b.py")], 1),
        ([make_comment(1, "c.py")], None),
        ([make_comment(1, "a.py", job="other")], None),
        ([make_comment(1, "a.py", trusted=False)], None),
        ([make_comment(1, "a.py", trusted=False), make_comment(2, "a.py")], 2),
        ([Comment(1, "no marker", is_trusted=True)], None),
    ],
)
def test_which_comment_is_ours(comments: list[Comment], chosen: int | None) -> None:
    found = choose_comment(comments, MARKER)
    assert (found.id if found else None) == chosen


def test_what_it_says() -> None:
    body = render_comment([make_result(), make_rejected()], MARKER, ["For abc."])
    assert "### Generated tests: 1 rejected, 1 accepted\n" in body
    assert "| <code>src/shop/prices.py</code> | accepted |" in body
    assert body.endswith("\n\nFor abc.\n")


def test_many_tasks_are_counted() -> None:
    results = [make_result(module_path=f"src/module_{n}.py", error="e" * 900) for n in range(2_000)]
    body = render_comment(results, MARKER, ["the foot"])
    assert len(body.encode()) <= MAX_BYTES
    kept = body.count("| <code>src/module")
    assert f"{2_000 - kept} more tasks: see the job summary." in body
    assert body.endswith("the foot\n")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_texts_stay_text(text: str) -> None:
    body = render_comment([make_hostile(text)], MARKER, [])
    assert find_marker(body) == MARKER
    head, *rest = body.split("\n")
    assert head == str(MARKER)
    shown = "\n".join(rest).replace("<code>", "").replace("</code>", "")
    assert not set("<>@`[]$") & set(shown)
    assert "<!--" not in shown
    assert "http:" not in shown
    assert "https:" not in shown
    assert sum(line.startswith("|") for line in rest) == 3
