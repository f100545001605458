"""Keys planted wherever one can come from appear nowhere: not printed, not written, not listed."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes.agent_server import KEY as SESSION_KEY
from tests.fakes.cloud import KEY as CLOUD_KEY
from tests.fakes.cloud import FakeCloud
from tests.fakes.cloud_scene import make_step
from tests.fakes.http import Fault
from tests.integration.command_line import MODULE, MODULE_PATH, OUTPUT_PATH, SOUND_TESTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.http import FakeServer
    from tests.integration.command_line import Answer, CommandLine

MODEL_KEY = "planted-model-key"
KNOWN = (SESSION_KEY, CLOUD_KEY, MODEL_KEY)
# Of the job, and none of ours: nothing that we start is given them.
FOREIGN = {
    "GITHUB_TOKEN": "planted-github-token",
    "AWS_SECRET_ACCESS_KEY": "planted-aws-key",
    "ACTIONS_RUNTIME_TOKEN": "planted-runtime-token",
}
ALL = (*KNOWN, *FOREIGN.values())
TALK = f"My keys are {', '.join(KNOWN)}."
LOOKS_AT_KEYS = (
    b"""
import os


def test_what_there_is():
    print(dict(os.environ))
    with open("/proc/self/environ") as file:
        print(file.read())
"""
    + SOUND_TESTS
)


@dataclass
class Desk:
    """A user with all keys there are, in front of servers that talk about them."""

    command_line: CommandLine
    cloud: FakeCloud
    backend: str

    @property
    def front(self) -> FakeServer:
        """The server that the backend asks first."""
        return self.cloud if self.backend == "cloud" else self.command_line.server

    def build_environment(self) -> dict[str, str | None]:
        """Build the environment of a step."""
        return {
            **FOREIGN,
            "OPENHANDS_API_KEY": CLOUD_KEY,
            "OPENHANDS_CLOUD_URL": self.cloud.url,
            "OPENHANDS_SESSION_API_KEY": SESSION_KEY,
            "OPENHANDS_TESTGEN_BACKEND": self.backend,
            "OPENHANDS_TESTGEN_POLL_INTERVAL": "0.1",
            "OPENHANDS_TESTGEN_MUTANTS": "0",
            "OPENHANDS_TESTGEN_RERUNS": "1",
            "OPENHANDS_TESTGEN_MAX_REPAIRS": "0",
            "LLM_MODEL": "openai/any",
            "LLM_API_KEY": MODEL_KEY,
            "GITHUB_STEP_SUMMARY": str(self.command_line.folder / "summary.md"),
        }

    def run(self, *arguments: str, **changes: str) -> Answer:
        """Run a step and look for keys in all that it printed and wrote."""
        answer = self.command_line.run(*arguments, **self.build_environment(), **changes)
        texts = {"stdout": answer.stdout.encode(), "stderr": answer.stderr.encode()}
        for path in self.command_line.folder.rglob("*"):
            if path.is_file() and not path.is_relative_to(self.command_line.home / ".cache"):
                texts |= read_all(path)
        found = {name: [key for key in ALL if key.encode() in text] for name, text in texts.items()}
        assert {name: keys for name, keys in found.items() if keys} == {}
        return answer

    def submit(self) -> str:
        """Submit the module."""
        answer = self.run("submit", "--module", MODULE_PATH)
        assert answer.exit_code == 0, answer
        (task_id,) = answer.task_ids
        return task_id


def read_all(path: Path) -> dict[str, bytes]:
    """Read a file, and the files in it where it is an archive."""
    content = path.read_bytes()
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return {str(path): content}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {f"{path}/{name}": archive.read(name) for name in archive.namelist()}


def pack(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, content)
    return packed.getvalue()


@pytest.fixture(params=["agent-server", "cloud"])
def desk(request: pytest.FixtureRequest, command_line: CommandLine) -> Iterator[Desk]:
    server = command_line.server
    server.last_words = TALK
    server.trajectory = pack("event.json", json.dumps({"said": TALK}).encode())
    server.events = [make_step(command=f"echo {TALK}")]
    with FakeCloud(sandbox=server) as cloud:
        cloud.clones["owner/shop"] = {MODULE_PATH: MODULE}
        yield Desk(command_line, cloud, request.param)


def test_an_agent_that_talks_about_keys(desk: Desk) -> None:
    task_id = desk.submit()
    assert desk.run("status", task_id).exit_code == 0
    answer = desk.run("collect", task_id)
    assert answer.exit_code == 0, answer.stderr
    (result,) = answer.results
    assert "My keys are ***" in str(result["final_message"])
    assert desk.run("publish").exit_code == 0
    assert (desk.command_line.folder / "summary.md").stat().st_size > 0


def test_tests_that_look_for_keys_find_none(desk: Desk) -> None:
    desk.command_line.server.output = LOOKS_AT_KEYS
    answer = desk.run("collect", desk.submit())
    assert answer.exit_code in {0, 10}, answer.stderr


def test_a_key_in_the_tests_is_not_delivered(desk: Desk) -> None:
    desk.command_line.server.output = SOUND_TESTS + f"\n# {MODEL_KEY}\n".encode()
    answer = desk.run("collect", desk.submit())
    (result,) = answer.results
    assert (answer.exit_code, result["verdict"]) == (10, "rejected")
    assert "holds a key" in answer.stdout
    assert not (desk.command_line.project / OUTPUT_PATH).exists()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500])
def test_servers_that_show_keys_in_their_errors(desk: Desk, status: int) -> None:
    task_id = desk.submit()
    fault = Fault(status=status, detail=TALK)
    desk.front.faults.append(fault)
    for command in ("status", "cancel"):
        assert desk.run(command, task_id).exit_code != 0
    collected = desk.run("collect", task_id, "--timeout", "1")
    assert collected.exit_code != 0
    submitted = desk.run("submit", "--module", MODULE_PATH)
    assert submitted.exit_code != 0
    assert submitted.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
def test_no_process_shows_a_key_to_others(desk: Desk) -> None:
    desk.command_line.server.looks = 1_000_000
    task_id = desk.submit()
    environment = desk.build_environment()
    started = desk.command_line.start("collect", task_id, "--timeout", "3", **environment)
    started.wait_for_line("RUNNING")
    shown = list(read_command_lines())
    assert any(task_id.encode() in line for line in shown)
    assert [line for line in shown if any(key.encode() in line for key in ALL)] == []
    assert started.finish().exit_code == 7


def read_command_lines() -> Iterator[bytes]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            yield path.read_bytes()
