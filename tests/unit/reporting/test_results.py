"""The results folder on disk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.domain.report import Report
from openhands_testgen.domain.task import Conclusion, Status, TaskState
from openhands_testgen.errors import ConfigurationError
from openhands_testgen.reporting.results import ResultsFolder
from tests.unit.domain.test_task_id import make_task_id

if TYPE_CHECKING:
    from pathlib import Path

OUTPUT = "tests/test_prices.py"


def make_report(error: str | None = None, output_digest: str = "-") -> Report:
    state = TaskState(Status.COMPLETED, completed_at="2026-01-01T10:00:00+00:00")
    task_id = make_task_id(output_digest=output_digest)
    return Report(task_id, state, Conclusion.NO_TESTS, error=error)


def test_everything_stands_in_the_tasks_own_folder(tmp_path: Path) -> None:
    root = tmp_path / "new" / "results"
    files = {f"agent/{OUTPUT}": b"def test():\n    pass\n", "trajectory.zip": b"PK\x03\x04\x00"}
    folder = ResultsFolder(root, ()).store(make_report(), files)
    assert folder == root / "src-shop-prices-01234567"
    assert (folder / "agent" / OUTPUT).read_bytes() == files[f"agent/{OUTPUT}"]
    assert (folder / "trajectory.zip").read_bytes() == files["trajectory.zip"]
    result = json.loads((folder / "result.json").read_text())
    assert result["results_dir"] == str(folder)
    assert result["conclusion"] == "no_tests"
    assert (root / ".gitignore").read_text() == "*\n"
    assert not list(root.rglob(".part-*"))


def test_a_folder_of_the_users_gets_no_gitignore(tmp_path: Path) -> None:
    ResultsFolder(tmp_path, ()).store(make_report(), {})
    assert not (tmp_path / ".gitignore").exists()


def test_a_second_collect_replaces_the_report_and_loses_no_file(tmp_path: Path) -> None:
    results = ResultsFolder(tmp_path, ())
    results.store(make_report("first"), {"pytest.log": b"kept"})
    folder = results.store(make_report("second"), {"junit.xml": b"new"})
    assert json.loads((folder / "result.json").read_text())["error"] == "second"
    assert (folder / "pytest.log").read_bytes() == b"kept"


def test_no_name_leads_out_or_takes_the_place_of_the_report(tmp_path: Path) -> None:
    root = tmp_path / "results"
    files = {"../../evil": b"1", "/abs": b"2", "result.json": b"3", "agent/a\n::error::": b"4"}
    folder = ResultsFolder(root, ()).store(make_report(), files)
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
    assert json.loads((folder / "result.json").read_text())["status"] == "COMPLETED"
    assert (folder / "result-2.json").read_bytes() == b"3"


def test_secrets_are_taken_out(tmp_path: Path) -> None:
    results = ResultsFolder(tmp_path, ("sk-secret-1",))
    folder = results.store(make_report("bad key sk-secret-1"), {"log": b"key=sk-secret-1"})
    assert (folder / "log").read_bytes() == b"key=***"
    assert json.loads((folder / "result.json").read_text())["error"] == "bad key ***"


def test_a_planted_link_is_refused(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "results", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (root / "src-shop-prices-01234567").symlink_to(elsewhere)
    with pytest.raises(ConfigurationError, match="symbolic link"):
        ResultsFolder(root, ()).store(make_report(), {"a": b"b"})
    assert not list(elsewhere.iterdir())


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"results: .*cannot be written"):
        ResultsFolder(tmp_path / "file" / "results", ()).store(make_report(), {})


def test_the_patch_is_kept(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path, ()).store(make_report(), {f"agent/{OUTPUT}": b"a\n"})
    assert b"+a\n" in (folder / "tests.patch").read_bytes()
