"""The user's interpreter runs on the workbench, and sees what it is given."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.sandbox.forkservers import ForkServers
from openhands_testgen.sandbox.interpreter import Interpreter, find_interpreter
from openhands_testgen.sandbox.python import RunLimits, SandboxedPython
from openhands_testgen.sandbox.workbench import open_workbench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from openhands_testgen.clients.process import ProcessResult
    from openhands_testgen.sandbox.confinement import Protections

pytestmark = pytest.mark.anyio
DESCRIBE = """
import json, os, sys
print(json.dumps({"path": sys.path, "environment": dict(os.environ), "cwd": os.getcwd()}))
"""


async def get_interpreter(project: Path) -> Interpreter:
    async def install_nothing(python: Path) -> Path:
        return python

    return await find_interpreter(sys.executable, project, os.environ, install_nothing)


@pytest.fixture(params=["started", "forked"])
async def python(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[SandboxedPython]:
    project = tmp_path / "project"
    project.mkdir()
    (project / "prices.py").write_text("PRICE = 4\n")
    environment = {**os.environ, "LLM_API_KEY": "planted", "LANG": "C.UTF-8"}
    async with open_workbench(project) as bench:
        python = SandboxedPython(
            await get_interpreter(project), bench, RunLimits(30, 20), environment
        )
        if request.param == "started":
            yield python
            return
        servers = ForkServers(tmp_path)
        yield replace(python, fork_servers=servers)
        again = await servers.find(python.interpreter, environment, 0)
        assert again or await servers.find(python.interpreter, environment, 0)
        await servers.close()
        assert [path.name for path in tmp_path.iterdir()] == ["project"]


async def run(
    python: SandboxedPython, code: str, *, roots: Sequence[Path] = (), seed: int = 0
) -> tuple[ProcessResult, Protections]:
    """Run code from a file, as all that is judged does."""
    program = python.bench.ours / "program.py"
    program.write_text(code)
    return await python.run(
        [str(program)], cwd=python.bench.project, roots=roots, hash_seed=seed, stdin=b"fed"
    )


async def test_foreign_code_sees_its_own_folders_and_no_secret(python: SandboxedPython) -> None:
    overlay = python.bench.ours / "overlay"
    interpreter = replace(python.interpreter, overlay=overlay)
    python = replace(python, interpreter=interpreter)
    root = python.bench.project
    result, protections = await run(python, DESCRIBE, roots=[root / "src", root])
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
    result, _ = await run(python, code, roots=[root])
    assert (result.exit_code, result.stderr) == (0, b"")
    assert (root / "out.txt").read_text() == "x"
    assert not (root / "__pycache__").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
async def test_what_is_ours_can_be_read_but_not_written(python: SandboxedPython) -> None:
    file = python.bench.ours / "configuration"
    file.write_text("ours")
    code = f"print(open({str(file)!r}).read()); open({str(file)!r}, 'w')"
    result, _ = await run(python, code)
    assert result.stdout == b"ours\n"
    assert result.stderr.strip().splitlines()[-1].startswith(b"PermissionError")
    assert file.read_text() == "ours"


async def test_the_time_is_limited(python: SandboxedPython) -> None:
    python = replace(python, limits=RunLimits(timeout_seconds=1))
    result, _ = await run(python, "import time; time.sleep(600)")
    assert result.timed_out


async def test_the_streams_and_the_exit_code_are_the_programs(python: SandboxedPython) -> None:
    code = "import sys; print(sys.stdin.read(), sys.argv[1:]); sys.exit('it ends')"
    result, _ = await run(python, code)
    assert (result.exit_code, result.stdout, result.stderr) == (1, b"fed []\n", b"it ends\n")


async def test_an_error_is_shown(python: SandboxedPython) -> None:
    result, _ = await run(python, "raise ValueError('no')")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, b"ValueError: no")


async def test_a_module_runs_from_its_folder(python: SandboxedPython) -> None:
    (python.bench.ours / "own.py").write_text("import sys; print(__name__, sys.argv[1:])")
    result, _ = await python.run(["-m", "own", "a"], cwd=python.bench.ours)
    assert (result.exit_code, result.stdout) == (0, b"__main__ ['a']\n")


async def test_what_ends_first_runs_at_the_end(python: SandboxedPython) -> None:
    code = "import atexit, threading\natexit.register(print, 'last')\n"
    code += "threading.Timer(0.1, print, ['first']).start()"
    result, _ = await run(python, code)
    assert result.stdout == b"first\nlast\n"


async def test_one_seed_hashes_alike_and_another_otherwise(python: SandboxedPython) -> None:
    hashes = [
        (await run(python, "import os; print(hash('a'), os.environ['PYTHONHASHSEED'])", seed=seed))
        for seed in (1, 1, 2)
    ]
    first, again, other = (result.stdout for result, _ in hashes)
    assert first == again != other


async def test_nothing_of_us_is_imported_or_open(python: SandboxedPython) -> None:
    code = """
import os, sys
print([name for name in sys.modules if name.startswith("openhands_testgen")])
def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
print([number for number in range(3, 4000) if is_open(number)])
"""
    result, _ = await run(python, code)
    assert result.stdout == b"[]\n[]\n", result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
async def test_many_at_once_and_each_its_own(python: SandboxedPython) -> None:
    program = python.bench.ours / "program.py"
    program.write_text("import sys, time; time.sleep(0.2); print(sys.argv[1])")
    done = await asyncio.gather(
        *(python.run([str(program), str(number)], cwd=python.bench.project) for number in range(8))
    )
    assert [result.stdout for result, _ in done] == [b"%d\n" % number for number in range(8)]


async def test_a_run_that_loses_its_server_is_begun_anew(python: SandboxedPython) -> None:
    running = asyncio.create_task(run(python, "import time; time.sleep(1); print('done')"))
    await asyncio.sleep(0.7)
    if python.fork_servers:
        server = await python.fork_servers.find(python.interpreter, python.environment, 0)
        assert server
        await server.close()
    result, protections = await running
    assert (result.exit_code, result.stdout) == (0, b"done\n")
    assert protections.limits
