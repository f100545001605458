"""Confined programs reach their own folders and nothing else."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.clients.forkserver import ForkServer
from openhands_testgen.clients.process import ProcessResult, attend, run_process
from openhands_testgen.sandbox import kernel
from openhands_testgen.sandbox.confinement import (
    GRACE_SECONDS,
    Confinement,
    Protections,
    confined_command,
    list_limits,
    read_protections,
)
from openhands_testgen.sandbox.forkservers import PROGRAM
from openhands_testgen.sandbox.inside import confined

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    type Run = Callable[..., Coroutine[object, object, ProcessResult]]

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"),
]
# The same program on a kernel that allows no namespaces to a plain user.
WITHOUT_NAMESPACES = """
import sys
sys.path.insert(0, {root!r})
from openhands_testgen.sandbox.inside import confined
confined.can_isolate = lambda: False
confined.main(sys.argv[1:])
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    folder = tmp_path / "inside"
    folder.mkdir()
    return folder


async def run_in_fork(
    code: str, limits: dict[str, object], inside: Path, timeout_seconds: float
) -> ProcessResult:
    program = inside / "program.py"
    program.write_text(code)
    env = {"PATH": os.environ["PATH"]}
    server = await ForkServer.start([sys.executable, str(PROGRAM)], env)
    assert server
    try:
        child = await server.fork([str(program)], [], limits, inside, env, 10_000, is_fed=False)
        return await attend(
            child,
            timeout_seconds=timeout_seconds,
            stdin=None,
            grace_seconds=GRACE_SECONDS,
            stop=None,
        )
    finally:
        program.unlink(missing_ok=True)
        await server.close()


@pytest.fixture(params=["namespaces", "no namespaces", "fork server"])
def run(request: pytest.FixtureRequest, tmp_path: Path, inside: Path) -> Run:
    report = tmp_path / "report.json"

    async def run_code(
        code: str, timeout_seconds: float = 30, cpu_seconds: int = 20, memory_mb: int = 512
    ) -> ProcessResult:
        prefixes = (Path(sys.prefix), Path(sys.base_prefix))
        limits = Confinement(prefixes, (inside,), memory_mb=memory_mb, cpu_seconds=cpu_seconds)
        if request.param == "fork server":
            return await run_in_fork(code, list_limits(limits, report), inside, timeout_seconds)
        argv = [sys.executable, "-I", "-S", "-c", code]
        command = confined_command(argv, limits, report)
        if request.param == "no namespaces":
            program = WITHOUT_NAMESPACES.format(root=confined.ROOT)
            command[3:4] = ["-c", program]
        return await run_process(
            command,
            cwd=inside,
            env={"PATH": os.environ["PATH"]},
            timeout_seconds=timeout_seconds,
            grace_seconds=GRACE_SECONDS,
        )

    return run_code


async def test_works_in_its_own_folder_and_says_what_is_in_force(
    run: Run, inside: Path, tmp_path: Path
) -> None:
    code = "import os, sys; open('own', 'w').write('x'); os.rename('own', 'file'); sys.exit(4)"
    result = await run(code)
    assert (result.exit_code, result.stderr) == (4, b"")
    assert (inside / "file").read_text() == "x"
    protections = read_protections(tmp_path / "report.json")
    assert protections.landlock_abi > 0
    assert protections.network != "none"
    assert protections.limits
    assert any(line.startswith("files: Landlock") for line in protections.describe())


async def test_a_program_may_start_many_processes_after_one_another(run: Run) -> None:
    code = """
import os
for _ in range(400):
    two = [os.fork() or os._exit(0) for _ in range(2)]
    for child in two:
        os.waitpid(child, 0)
"""
    result = await run(code)
    assert (result.exit_code, result.stderr) == (0, b"")


async def test_has_no_capability_itself_and_none_by_a_program(run: Run) -> None:
    code = """
import ctypes, struct
libc = ctypes.CDLL(None)
header, data = struct.pack("=Ii", 0x20080522, 0), ctypes.create_string_buffer(24)
assert libc.capget(header, data) == 0
print(any(data.raw), [number for number in range(41) if libc.prctl(23, number, 0, 0, 0) == 1])
"""
    assert (await run(code)).stdout == b"False []\n"


async def test_asyncio_and_child_processes_work(run: Run) -> None:
    code = """
import asyncio, subprocess
async def main():
    await asyncio.sleep(0)
    return subprocess.run(["/bin/echo", "hello"], capture_output=True).stdout
print(asyncio.run(main()))
"""
    assert (await run(code)).stdout == b"b'hello\\n'\n"


@pytest.mark.parametrize(
    "code",
    [
        "open({outside!r}, 'w')",
        "import os; os.symlink({outside!r}, 'link'); open('link', 'w')",
        "import os; os.mkdir({outside!r})",
        "open({secret!r}).read()",
        "import os; os.link({secret!r}, 'link'); open('link').read()",
        "import os; os.listdir({home!r})",
        "open('/proc/{parent}/environ').read()",
        "import os; open(f'/proc/{{os.getppid()}}/environ').read()",
        "import os; os.kill({parent}, 15)",
        "import os; os.kill(os.getppid(), 9)",
        "import socket; socket.create_connection(('127.0.0.1', {port}))",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('192.0.2.1', 53))",
        "import socket; socket.socket(socket.AF_UNIX).connect({unix!r})",
        "import socket; socket.socket(socket.AF_UNIX).connect('\\0' + {abstract!r})",
        "import os; os.setuid(1)",
        "import os; os.chroot('/')",
        "import os; os.close(os.open('a', os.O_CREAT)); os.chmod('a', 0); open('a')",
        "import resource as r; r.setrlimit(r.RLIMIT_AS, (1 << 40, 1 << 40))",
        "bytearray(1 << 30)",
    ],
)
async def test_denies_what_leads_out(run: Run, tmp_path: Path, code: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    unix, abstract = str(tmp_path / "socket"), f"testgen-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as by_path,
        socket.socket(socket.AF_UNIX) as by_name,
    ):
        by_path.bind(unix)
        by_path.listen()
        by_name.bind("\0" + abstract)
        by_name.listen()
        filled = code.format(
            outside=str(tmp_path / "outside"),
            secret=str(secret),
            home=str(Path.home()),
            parent=os.getpid(),
            port=server.getsockname()[1],
            unix=unix,
            abstract=abstract,
        )
        result = await run(f"{filled}\nprint('got out')")
    assert result.exit_code == 1, result
    assert result.stderr.strip().splitlines()[-1].split(b":")[0] in {
        b"PermissionError",
        b"ProcessLookupError",
        b"ConnectionRefusedError",
        b"OSError",
        b"MemoryError",
        b"ValueError",
    }
    assert not (tmp_path / "outside").exists()


DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            open("beat", "a").write("x")
            time.sleep(0.01)
    os._exit(0)
while not os.path.exists("beat"):
    time.sleep(0.01)
"""


@pytest.mark.parametrize("ending", ["", "time.sleep(600)", "import signal; signal.pause()"])
async def test_leaves_no_daemon(run: Run, inside: Path, ending: str) -> None:
    result = await run(DAEMON + ending, timeout_seconds=2)
    assert result.timed_out == bool(ending)
    size = (inside / "beat").stat().st_size
    await run("import time; time.sleep(0.3)")
    assert (inside / "beat").stat().st_size == size


async def test_ends_a_loop_by_its_cpu_time(run: Run) -> None:
    result = await run("while True: pass", cpu_seconds=1)
    assert (result.exit_code, result.timed_out) == (128 + 24, False)


async def test_ends_with_127_where_there_is_no_such_program(inside: Path) -> None:
    result = await run_process(
        confined_command(["/no-such-program"], Confinement((), (inside,))),
        cwd=inside,
        env={},
        timeout_seconds=20,
    )
    assert result.exit_code == confined.CANNOT_START
    assert b"/no-such-program" in result.stderr


async def test_no_report_is_no_sandbox(tmp_path: Path) -> None:
    protections = read_protections(tmp_path / "none.json")
    assert protections.describe() == ()
    assert any("read and write" in line for line in protections.warn())
    assert any("no sandbox" in line for line in protections.warn())


async def test_full_protection_warns_of_nothing() -> None:
    full = Protections(
        landlock_abi=6, network="namespace", sockets=True, signals=True, processes=True, limits=True
    )
    assert full.warn() == ()
    assert len(full.describe()) == 6


async def test_both_sides_of_the_report_agree() -> None:
    assert set(confined.Protections.__annotations__) == set(Protections.model_fields)
    fields = set(Confinement.__dataclass_fields__)
    assert set(confined.Limits.__annotations__) == {*fields, "report"}
    assert kernel.ABI_TCP < kernel.ABI_SCOPES
