"""What a fork server has imported by the time that it forks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import openhands_testgen
from openhands_testgen.verification.programs import PROGRAMS

RUNNER = Path(openhands_testgen.__file__).parents[1]
LIST = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from openhands_testgen.sandbox.inside import forkserver
answers = os.dup(1)
os.dup2(2, 1)
forkserver.rehearse()
before = set(sys.modules)
forkserver.import_programs(sys.argv[2:])
os.write(answers, json.dumps(sorted(set(sys.modules) - before)).encode())
"""


def test_programs_bring_nothing_that_a_project_could_have_under_the_same_name() -> None:
    command = [sys.executable, "-c", LIST, str(RUNNER), *PROGRAMS]
    brought = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert set(PROGRAMS) <= set(brought)
    assert [name for name in brought if not name.startswith("openhands_testgen.")] == []
