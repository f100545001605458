"""The user's interpreter runs on the workbench, and sees what it is given."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.sandbox.interpreter import Interpreter, find_interpreter
from openhands_testgen.sandbox.python import RunLimits, SandboxedPython
from openhands_testgen.sandbox.workbench import open_workbench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.anyio
DESCRIBE = """
import json, os, sys
print(json.dumps({"path": sys.path, "environment": dict(os.environ), "cwd": os.getcwd()}))
"""


async def get_interpreter(project: Path) -> Interpreter:
    async def install_nothing(python: Path) -> Path:
        return python

    return await find_interpreter(sys.executable, project, os.environ, install_nothing)


@pytest.fixture
async def python(tmp_path: Path) -> AsyncIterator[SandboxedPython]:
    project = tmp_path / "project"
    project.mkdir()
    (project / "prices.py").write_text("PRICE = 4\n")
    environment = {**os.environ, "LLM_API_KEY": "planted", "LANG": "C.UTF-8"}
    async with open_workbench(project) as bench:
        interpreter = await get_interpreter(project)
        yield SandboxedPython(interpreter, bench, RunLimits(30, 20), environment)


async def test_foreign_code_sees_its_own_folders_and_no_secret(python: SandboxedPython) -> None:
    overlay = python.bench.ours / "overlay"
    interpreter = replace(python.interpreter, overlay=overlay)
    python = replace(python, interpreter=interpreter)
    root = python.bench.project
    result, protections = await python.run(["-c", DESCRIBE], cwd=root, roots=[root / "src", root])
    assert result.exit_code == 0, result.stderr
    seen = json.loads(result.stdout)
    assert seen["cwd"] == str(root)
    assert seen["path"][1:4] == [str(root / "src"), str(root), str(overlay)]
    environment = seen["environment"]
    assert environment["HOME"] == str(python.bench.home)
    assert environment["TMPDIR"] == str(python.bench.temporary)
    assert environment["LANG"] == "C.UTF-8"
    assert "planted" not in environment.values()
    assert protections.limits


async def test_foreign_code_imports_from_its_roots_and_writes_on_the_bench(
    python: SandboxedPython,
) -> None:
    code = "import prices, tempfile; tempfile.TemporaryFile(); open('out.txt', 'w').write('x')"
    root = python.bench.project
    result, _ = await python.run(["-c", code], cwd=root, roots=[root])
    assert (result.exit_code, result.stderr) == (0, b"")
    assert (root / "out.txt").read_text() == "x"
    assert not (root / "__pycache__").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
async def test_what_is_ours_can_be_read_but_not_written(python: SandboxedPython) -> None:
    file = python.bench.ours / "configuration"
    file.write_text("ours")
    code = f"print(open({str(file)!r}).read()); open({str(file)!r}, 'w')"
    result, _ = await python.run(["-c", code], cwd=python.bench.project)
    assert result.stdout == b"ours\n"
    assert result.stderr.strip().splitlines()[-1].startswith(b"PermissionError")
    assert file.read_text() == "ours"


async def test_the_time_is_limited(python: SandboxedPython) -> None:
    python = replace(python, limits=RunLimits(timeout_seconds=1))
    result, _ = await python.run(["-c", "import time; time.sleep(600)"], cwd=python.bench.project)
    assert result.timed_out
