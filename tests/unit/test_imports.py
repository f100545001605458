"""A submit pays for nothing that it does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RUNNER = Path(__file__).parents[2] / "runner"
SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import openhands_testgen.bootstrap, openhands_testgen.cli, openhands_testgen.submit
print(*sys.modules)
"""


def test_the_command_line_imports_nothing_of_the_reports() -> None:
    command = [sys.executable, "-I", "-c", SCRIPT, str(RUNNER)]
    imported = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert "openhands_testgen.submit" in imported
    assert set(imported) & {"jinja2", "markupsafe", "difflib"} == set()
    assert not [name for name in imported if name.startswith("openhands_testgen.reporting.page")]
