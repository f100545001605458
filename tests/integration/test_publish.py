"""Publishing a results folder that collect left, whole or damaged."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.reporting.publish import publish
from tests.fakes.results import CASE_FAILED, HOSTILE, make_rejected, make_result

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from openhands_testgen.domain.report import TaskResult


def store(root: Path, name: str, result: TaskResult) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(result))
    return folder


def run_publish(
    root: Path,
    summary: Path | None = None,
    *,
    in_actions: bool = True,
    task_ids: Collection[str] = (),
) -> list[str]:
    stdout = io.StringIO()
    publish(root, summary, stdout, in_actions=in_actions, task_ids=task_ids)
    return stdout.getvalue().splitlines()


def test_annotations_and_summary(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# Earlier\n")
    store(tmp_path / "results", "one", make_result(task_id="v1.a.1"))
    store(tmp_path / "results", "two", make_rejected(task_id="v1.a.2"))
    lines = run_publish(tmp_path / "results", summary)
    assert lines[0].startswith("::notice file=tests/test_prices.py,title=Generated tests for ")
    assert sum(line.startswith("::error ") for line in lines) == 3
    text = summary.read_text()
    assert text.startswith("# Earlier\n## Generated tests\n")
    assert text.count("src/shop/prices.py</code> |") == 2


def test_one_tasks_own_folder(tmp_path: Path) -> None:
    folder = store(tmp_path, "one", make_result())
    agent = folder / "agent"
    agent.mkdir()
    (agent / "result.json").write_text(json.dumps(make_rejected(task_id="v1.a.9")))
    assert len(run_publish(folder)) == 1


def test_outside_of_actions_the_lines_are_plain(tmp_path: Path) -> None:
    store(tmp_path, "one", make_rejected())
    lines = run_publish(tmp_path, in_actions=False)
    assert not any(line.startswith("::") for line in lines)
    assert "error: tests/test_prices.py: test_b failed: assert 1 == 2" in lines


def test_only_the_tasks_that_were_asked_for(tmp_path: Path) -> None:
    store(tmp_path, "one", make_result(task_id="v1.a.1"))
    store(tmp_path, "two", make_rejected(task_id="v1.a.2"))
    (line,) = run_publish(tmp_path, task_ids=("v1.a.1", "v1.a.3"))
    assert "accepted" in line


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"task_id": 5}',
        b'{"task_id": "\n::error::x"}',
        json.dumps({**make_result(), "coverage": "\n::error::pwned"}).encode(),
        json.dumps({**make_result(), "tests": {"cases": None}}).encode(),
        b"[" * 100_000,
    ],
)
def test_a_broken_file_is_a_warning_and_hides_nothing(tmp_path: Path, content: bytes) -> None:
    store(tmp_path, "good", make_result())
    (store(tmp_path, "bad", make_result()) / "result.json").write_bytes(content)
    lines = run_publish(tmp_path)
    assert lines[0].startswith("::warning::")
    assert "bad/result.json cannot be read" in lines[0]
    assert len(lines) == 2
    assert lines[1].startswith("::notice ")


def test_a_folder_in_place_of_a_file_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "odd" / "result.json").mkdir(parents=True)
    warning, notice = run_publish(tmp_path)
    assert warning.startswith("::warning::")
    assert notice.startswith("::notice::There are no results")


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_no_results_is_a_notice(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    lines = run_publish(tmp_path / name, tmp_path / "summary.md")
    assert lines == ["::notice::There are no results of generated tests to publish."]
    assert not (tmp_path / "summary.md").exists()


def test_hostile_results_print_no_command_of_their_own(tmp_path: Path) -> None:
    case = {**CASE_FAILED, "name": HOSTILE, "message": HOSTILE}
    tests = {"total": 40, "passed": 0, "cases": [case] * 40}
    store(tmp_path, "one", make_rejected(module_path=HOSTILE, error=HOSTILE, tests=tests))
    lines = run_publish(tmp_path)
    assert all(line.startswith(("::error ", "::notice ")) for line in lines)
    assert sum(line.startswith("::error ") for line in lines) == 10


def test_the_summary_leaves_room_for_what_stands_there(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("x" * 880_000)
    cases = [{"name": "n", "outcome": "failed", "message": "m" * 5_000}] * 100
    tests = {"total": 100, "passed": 0, "cases": cases}
    for number in range(20):
        store(tmp_path / "r", str(number), make_rejected(task_id=f"v1.a.{number}", tests=tests))
    run_publish(tmp_path / "r", summary)
    assert summary.stat().st_size <= 910_000


def test_a_summary_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    store(tmp_path / "results", "one", make_result())
    lines = run_publish(tmp_path / "results", tmp_path)
    assert lines[-1].startswith("::warning::The job summary could not be written")
