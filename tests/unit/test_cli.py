"""The command line: outputs before anything else, one bad id beside good ones, exit codes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.cli import main
from tests.integration.command_line import read_outputs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def output_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A bare environment in an empty folder, with a file for the step's outputs; no server."""
    for name in list(os.environ):
        if name.startswith(("INPUT_", "OPENHANDS_", "LLM_", "GITHUB_", "RUNNER_")):
            monkeypatch.delenv(name)
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
