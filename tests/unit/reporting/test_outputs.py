"""Outputs, masks and errors."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from openhands_testgen.errors import GenerationError
from openhands_testgen.reporting import outputs
from tests.fakes.results import HOSTILE, make_rejected, make_result

FOLDER = Path("/results")


def read_outputs(text: str) -> dict[str, str]:
    """Read the runner's file format the way the runner does."""
    values, lines = {}, iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, delimiter = line.split("<<", 1)
        value = []
        while (part := next(lines)) != delimiter:
            value.append(part)
        values[name] = "\n".join(value)
    return values


def test_values_arrive_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "output"
    file.write_text("earlier<<E\nkept\nE\n")
    values = {"test-path": "a\nb", "cost": "", "text": "x<<EOF\nEOF\nname=value"}
    outputs.write_outputs(values, file)
    assert read_outputs(file.read_text()) == {"earlier": "kept", **values}


def test_each_write_has_a_delimiter_of_its_own(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    outputs.write_outputs({"a": "b"}, first)
    outputs.write_outputs({"a": "b"}, second)
    assert first.read_text() != second.read_text()


def test_a_value_with_the_delimiter_is_refused() -> None:
    with pytest.raises(GenerationError, match="verdict"):
        outputs.render_assignments({"verdict": "x\nend-1\nsuccess=true"}, "end-1")


def test_without_a_file_nothing_is_written() -> None:
    outputs.write_outputs({"a": "b"}, None)


def test_one_task() -> None:
    assert outputs.render_outputs([make_result()], FOLDER) == {
        "success": "true",
        "status": "COMPLETED",
        "conclusion": "success",
        "verdict": "accepted",
        "coverage": "91.7",
        "mutation-score": "",
        "test-path": "tests/test_prices.py",
        "cost": "0.2500",
        "results-dir": "/results/src-shop-prices-01234567",
    }


def test_several_tasks_are_as_good_as_the_worst() -> None:
    mutation = {"score": 70.0, "killed": 7, "total": 10}
    better = make_result(mutation={**mutation, "score": 90.0}, files=["tests/test_a.py"])
    worse = make_rejected(mutation=mutation, cost_usd=0.5)
    assert outputs.render_outputs([better, worse], FOLDER) == {
        "success": "false",
        "status": "COMPLETED",
        "conclusion": "rejected",
        "verdict": "rejected",
        "coverage": "40.0",
        "mutation-score": "70.0",
        "test-path": "tests/test_a.py",
        "cost": "0.7500",
        "results-dir": "/results",
    }


def test_paths_of_several_tasks_stand_on_lines() -> None:
    results = [make_result(files=["tests/a.py"]), make_result(files=["tests/b.py"])]
    rendered = outputs.render_outputs(results, FOLDER)
    assert rendered["test-path"] == "tests/a.py\ntests/b.py"
    assert rendered["success"] == "true"


@pytest.mark.parametrize(
    ("field", "output"), [("cost_usd", "cost"), ("coverage", "coverage"), ("verdict", "verdict")]
)
def test_what_one_task_lacks_is_unknown_for_all(field: str, output: str) -> None:
    results = [make_result(), make_result(**{field: None})]
    assert outputs.render_outputs(results, FOLDER)[output] == ""


def test_a_known_cost_of_zero_is_not_unknown() -> None:
    assert outputs.render_outputs([make_result(cost_usd=0.0)], FOLDER)["cost"] == "0.0000"


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        (["COMPLETED", "RUNNING"], "RUNNING"),
        (["RUNNING", "QUEUED"], "QUEUED"),
        (["QUEUED", "FAILED"], "FAILED"),
        (["COMPLETED", "COMPLETED"], "COMPLETED"),
    ],
)
def test_the_worst_status(statuses: list[str], worst: str) -> None:
    results = [make_result(status=status) for status in statuses]
    assert outputs.render_outputs(results, FOLDER)["status"] == worst


def test_a_task_without_a_result_is_no_success() -> None:
    rendered = outputs.render_outputs([make_result()], FOLDER, expected=2)
    assert (rendered["success"], rendered["verdict"]) == ("false", "")


def test_no_results_at_all() -> None:
    rendered = outputs.render_outputs([], FOLDER)
    assert rendered.pop("success") == "false"
    assert set(rendered.values()) == {""}


def test_secrets_are_masked_line_by_line() -> None:
    stream = io.StringIO()
    outputs.mask_secrets(
        ["planted%", "first-line\nsecond-line", "none", ""], stream, in_actions=True
    )
    assert stream.getvalue().splitlines() == [
        "::add-mask::planted%25",
        "::add-mask::first-line%0Asecond-line",
        "::add-mask::first-line",
        "::add-mask::second-line",
    ]


def test_outside_of_actions_no_secret_is_printed() -> None:
    stream = io.StringIO()
    outputs.mask_secrets(["secret"], stream, in_actions=False)
    assert stream.getvalue() == ""


def test_an_error_is_an_annotation_in_actions_and_a_line_elsewhere() -> None:
    command, plain = io.StringIO(), io.StringIO()
    outputs.print_error("no such module", command, in_actions=True)
    outputs.print_error("no such module", plain, in_actions=False)
    assert command.getvalue() == "::error::no such module\n"
    assert plain.getvalue() == "error: no such module\n"


def test_a_hostile_error_is_one_command_or_none() -> None:
    command, plain = io.StringIO(), io.StringIO()
    outputs.print_error(HOSTILE, command, in_actions=True)
    outputs.print_error(HOSTILE, plain, in_actions=False)
    assert len(command.getvalue().splitlines()) == 1
    assert "##[" not in plain.getvalue()


@pytest.mark.parametrize(
    ("in_actions", "expected"), [(True, "::group::Result\nx\n::endgroup::\n"), (False, "x\n")]
)
def test_results_are_folded_in_the_log_of_a_step(in_actions: bool, expected: str) -> None:
    stream = io.StringIO()
    with outputs.group("Result", stream, in_actions=in_actions):
        print("x", file=stream)
    assert stream.getvalue() == expected
