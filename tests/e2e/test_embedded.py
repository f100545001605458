"""The main job on one machine without any key: the real engine, agent server, agent and tools."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.machine import describe_machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
LAUNCH = ROOT / "runner" / "launch"
MODULE, OUTPUT = "src/shop/prices.py", "tests/test_prices.py"
PATIENCE_SECONDS = 300.0
IDLE_SECONDS = 3.0
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc"),
]


@dataclass
class Machine:
    """A user's machine: a project, a state folder, and whatever runs because of them."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the project, as a repository."""
        shutil.copytree(ROOT / "examples" / "shop", self.project)
        subprocess.run(["git", "init", "-q"], cwd=self.project, check=True)
        own = {
            "LLM_MODEL": "offline",
            "OPENHANDS_TESTGEN_BACKEND": "embedded",
            "OPENHANDS_TESTGEN_STATE_DIR": str(self.state),
            "OPENHANDS_TESTGEN_RESULTS": str(self.folder / "results"),
            "OPENHANDS_TESTGEN_ENGINE_IDLE": f"{IDLE_SECONDS:g}",
            "OPENHANDS_TESTGEN_PYTHON": sys.executable,
            "OPENHANDS_TESTGEN_POLL_INTERVAL": "1",
        }
        self.environment = {**describe_machine(), **own, **self.environment}

    @property
    def project(self) -> Path:
        """The working directory."""
        return self.folder / "shop"

    @property
    def state(self) -> Path:
        """The engine's folder."""
        return self.folder / "state"

    def run(self, *arguments: str, exit_code: int = 0) -> str:
        """Run a command of its own process and return what it printed."""
        done = subprocess.run(
            [LAUNCH, *arguments],
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        assert done.returncode == exit_code, done.stderr
        return done.stdout

    def run_python(self, program: str) -> object:
        """Run a program of its own process that uses the Python API; it prints JSON."""
        environment = {**self.environment, "PYTHONPATH": str(ROOT / "runner")}
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM.format(program=program)],
            cwd=self.project,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=PATIENCE_SECONDS,
        )
        return json.loads(done.stdout)

    def read_status(self, task_id: str) -> dict[str, object]:
        """Return a task's status."""
        status: dict[str, object] = json.loads(self.run("status", task_id))
        return status

    def read_card(self) -> dict[str, int]:
        """Return the ids of the engine's processes."""
        card: dict[str, int] = json.loads((self.state / "engine.json").read_bytes())
        return card

    def list_processes(self) -> list[int]:
        """List the processes that carry our state folder in their environment or arguments."""
        mark = str(self.state).encode()
        return [int(one.name) for one in Path("/proc").iterdir() if _mentions(one, mark)]

    def count_steps(self) -> int:
        """Count the agent's steps in the one task, as the engine wrote them down."""
        (file,) = self.state.glob("tasks/*/state.json")
        return int(json.loads(file.read_bytes())["state"]["steps"])


_PROGRAM = """
import asyncio, json
from openhands_testgen import OpenHandsTestGenerator

async def main(generator):
    return {program}

print(json.dumps(asyncio.run(main(OpenHandsTestGenerator.from_env()))))
"""


def _mentions(process: Path, mark: bytes) -> bool:
    if not process.name.isdigit():
        return False
    try:
        content = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return mark in content and state != "Z" and int(process.name) != os.getpid()


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    for pid in machine.list_processes():
        os.kill(pid, signal.SIGKILL)


def test_three_processes_share_one_task_by_its_id(machine: Machine) -> None:
    """By the Python API; then the engine leaves by itself, and nothing of it stays."""
    task_id = machine.run_python(
        f'await generator.submit_test_generation_task("{MODULE}", coverage_threshold=80)'
    )
    status = machine.run_python(f'await generator.get_task_status("{task_id}")')
    assert isinstance(status, dict)
    assert list(status) == [
        *("task_id", "status", "conclusion", "module_path", "output_path"),
        *("created_at", "started_at", "completed_at", "error", "cost_usd"),
    ]
    assert status["status"] in {"QUEUED", "RUNNING"}
    result = machine.run_python(
        f'await generator.get_test_generation_results("{task_id}", timeout=280, poll_interval=1)'
    )
    assert isinstance(result, dict)
    assert (result["success"], result["verdict"], result["conclusion"]) == (
        *(True, "accepted"),
        "success",
    )
    assert result["files"] == [OUTPUT]
    assert (machine.project / OUTPUT).is_file()
    assert result["cost_usd"] is None
    wait_until(lambda: not machine.list_processes())
    assert machine.read_status(str(task_id))["status"] == "COMPLETED"
    assert machine.list_processes() == []


def test_a_server_killed_in_mid_task_costs_nothing_but_time(machine: Machine) -> None:
    """By the command line; `kill -9` while the agent works, with its tmux."""
    task_id = machine.run("submit", "--module", MODULE).strip()
    wait_until(lambda: machine.read_status(task_id)["status"] == "RUNNING")
    wait_until(lambda: machine.count_steps() >= 1)
    killed = machine.read_card()["server_pid"]
    os.kill(killed, signal.SIGKILL)
    result = json.loads(machine.run("collect", task_id, "--timeout", "280"))
    assert (result["status"], result["verdict"]) == ("COMPLETED", "accepted")
    assert machine.read_card()["server_pid"] != killed
    wait_until(lambda: not machine.list_processes())
    assert not list(machine.state.glob("**/tmux-*"))


def test_without_tmux_the_agent_works_too_and_can_be_cancelled(tmp_path: Path) -> None:
    """The first task is cancelled while its agent works, the second one is accepted."""
    machine = Machine(tmp_path, {"PATH": make_path_without_tmux(tmp_path / "bin")})
    try:
        first = machine.run("submit", "--module", "src/shop/stock.py").strip()
        wait_until(lambda: machine.read_status(first)["status"] == "RUNNING")
        machine.run("cancel", first)
        status = machine.read_status(first)
        assert (status["status"], status["conclusion"]) == ("FAILED", "cancelled")
        second = machine.run("submit", "--module", MODULE).strip()
        result = json.loads(machine.run("collect", second, "--timeout", "280"))
        assert (result["status"], result["verdict"]) == ("COMPLETED", "accepted")
        wait_until(lambda: not machine.list_processes())
    finally:
        for pid in machine.list_processes():
            os.kill(pid, signal.SIGKILL)


def make_path_without_tmux(folder: Path) -> str:
    """Return a PATH on which everything is found but tmux."""
    folder.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            if program.name != "tmux" and not (folder / program.name).exists():
                (folder / program.name).symlink_to(program)
    return str(folder)


def test_a_task_of_an_engine_that_is_gone_says_so(machine: Machine) -> None:
    """As in another job of a hosted runner: nothing of the state folder is there."""
    task_id = machine.run("submit", "--module", MODULE).strip()
    for pid in machine.list_processes():
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(machine.state)
    result = json.loads(machine.run("collect", task_id, exit_code=8))
    assert "another machine or job" in result["error"]
    assert machine.list_processes() == []
