"""The command line: outputs before anything else, one bad id beside good ones, exit codes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.cli import main
from openhands_testgen.domain.task_id import TaskId
from tests.integration.command_line import read_outputs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def output_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A bare environment in an empty folder, with a file for the step's outputs; no server."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "outputs"
    monkeypatch.setenv("GITHUB_OUTPUT", str(file))
    monkeypatch.setenv("OPENHANDS_SERVER_URL", "http://127.0.0.1:9")
    return file


@pytest.mark.parametrize(
    ("command", "outputs"),
    [
        ("submit", {"task-id": "", "status": ""}),
        ("collect", {"success": "false", "verdict": ""}),
        ("generate", {"task-id": "", "success": "false"}),
    ],
)
def test_outputs_are_written_when_nothing_can_be_done(
    command: str, outputs: dict[str, str], output_file: Path
) -> None:
    assert main([command]) == 2
    assert outputs.items() <= read_outputs(output_file).items()


@pytest.mark.parametrize("command", ["status", "collect", "cancel"])
def test_a_foreign_backend_is_an_error_of_its_own_id(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, make_task_id("teleport"), "nonsense"]) == 8
    output, errors = capsys.readouterr()
    assert output == ("" if command == "cancel" else "[]\n")
    assert "belongs to a backend 'teleport', which this version does not have. Use the" in errors
    assert "The task id 'nonsense' is malformed" in errors


def test_ids_may_stand_in_one_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "one two\nthree"]) == 8
    errors = capsys.readouterr().err
    assert re.findall(r"task id '(\w+)' is malformed", errors) == ["one", "two", "three"]


def make_task_id(backend: str) -> str:
    task_id = TaskId(
        backend=backend,
        conversation_id="0" * 32,
        module_path="a.py",
        output_path="tests/test_a.py",
        coverage_threshold=80,
        created_at=1_700_000_000,
        module_digest="-",
        output_digest="-",
    )
    return str(task_id)
