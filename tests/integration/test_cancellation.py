"""A cancelled workflow: the runner's own sequence of signals on the action's own command line.

The runner signals the entry process alone: SIGINT, 7.5 s later SIGTERM, 2.5 s later it kills.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes.agent_server import KEY, FakeAgentServer

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SIGTERM_AFTER_SECONDS, KILL_AFTER_SECONDS = 7.5, 2.5
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of a Unix runner")


@pytest.fixture
def server() -> Iterator[FakeAgentServer]:
    with FakeAgentServer(looks=1_000_000) as running:
        yield running


@pytest.fixture
def environment(tmp_path: Path, server: FakeAgentServer) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_ACTION_PATH": str(ROOT / "collect"),
        "RUNNER_TEMP": str(tmp_path),
        "INPUT_SERVER_URL": server.url,
        "INPUT_API_KEY": KEY,
        "INPUT_WORKING_DIRECTORY": str(ROOT / "examples" / "shop"),
        "LLM_MODEL": "anthropic/none",
        "LLM_API_KEY": "planted-model-key",
    }


def read_command(action: str) -> str:
    """Return the first command of an action as its file has it."""
    text = (ROOT / action / "action.yml").read_text(encoding="utf-8")
    match = re.search(r"^ +run: (.+)$", text, re.MULTILINE)
    assert match is not None
    return match.group(1)


def submit(environment: dict[str, str]) -> str:
    done = subprocess.run(
        [ROOT / "runner" / "launch", "submit", "--module", "src/shop/prices.py"],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.strip()


def start_step(script: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start a step's script as the runner does for `shell: bash`."""
    script.write_text(read_command("collect"), encoding="utf-8")
    return subprocess.Popen(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_a_look(server: FakeAgentServer, step: subprocess.Popen[str]) -> None:
    while ("GET", "/api/conversations") not in server.requests[-1:]:
        assert step.poll() is None
        time.sleep(0.05)


def cancel(step: subprocess.Popen[str]) -> str:
    """Send the runner's signals and return the name of the one that ended the step."""
    for name, patience_seconds in (
        ("SIGINT", SIGTERM_AFTER_SECONDS),
        ("SIGTERM", KILL_AFTER_SECONDS),
    ):
        step.send_signal(signal.Signals[name])
        try:
            step.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            continue
        return name
    step.kill()
    return "SIGKILL"


def test_a_cancelled_collect_stops_the_agent_and_says_so(
    tmp_path: Path, server: FakeAgentServer, environment: dict[str, str]
) -> None:
    task_id = submit(environment)
    step = start_step(tmp_path / "step.sh", environment | {"INPUT_TASK_ID": task_id})
    wait_for_a_look(server, step)
    ended_by = cancel(step)
    stdout, stderr = step.communicate()
    assert (ended_by, step.returncode) == ("SIGINT", 130), stderr
    assert len(server.interrupted) == 1
    outputs = (tmp_path / "output").read_text(encoding="utf-8")
    assert re.search(r"conclusion<<(\S+)\ncancelled\n\1\n", outputs.rpartition("success")[2])
    assert '"conclusion": "cancelled"' in stdout
    assert "stopping the agent" in stderr


def test_a_backend_that_hangs_does_not_hold_a_cancelled_collect(
    tmp_path: Path, server: FakeAgentServer, environment: dict[str, str]
) -> None:
    from tests.fakes.agent_server import Fault

    task_id = submit(environment)
    step = start_step(tmp_path / "step.sh", environment | {"INPUT_TASK_ID": task_id})
    wait_for_a_look(server, step)
    server.faults.append(Fault(path="/interrupt$|^/api/conversations$", kind="hang"))
    ended_by = cancel(step)
    stderr = step.communicate()[1]
    assert (ended_by, step.returncode) == ("SIGINT", 130), stderr
    assert "did not confirm in time" in stderr
    assert "cancelled" in (tmp_path / "output").read_text(encoding="utf-8")
