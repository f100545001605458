"""The real command line in a process of its own, in front of a project and a fake agent server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from openhands_testgen.domain.snapshot import render_digest
from openhands_testgen.domain.task_id import TaskId
from tests.fakes.agent_server import KEY, FakeAgentServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
LAUNCH = ROOT / "runner" / "launch"
PATIENCE_SECONDS = 120
MODULE_PATH, OUTPUT_PATH = "src/shop/prices.py", "tests/test_prices.py"
MODULE = b"""\
def get_total(net: int, tax: int) -> int:
    if net < 0:
        raise ValueError("net is negative")
    return net + tax
"""
SOUND_TESTS = b"""\
import pytest

from shop.prices import get_total


def test_total():
    assert get_total(100, 19) == 119
    assert get_total(0, 7) == 7


def test_a_negative_net_is_refused():
    with pytest.raises(ValueError, match="net is negative"):
        get_total(-1, 0)
"""


@dataclass(frozen=True)
class Answer:
    """How a command ended; ``outputs`` are what the next step of a workflow would see."""

    exit_code: int
    stdout: str
    stderr: str
    outputs: dict[str, str]

    @property
    def content(self) -> object:
        """What was printed, as JSON."""
        return json.loads(self.stdout)

    @property
    def results(self) -> list[dict[str, object]]:
        """The results that were printed."""
        found = self.content if isinstance(self.content, list) else [self.content]
        assert is_list_of_objects(found)
        return found

    @property
    def task_ids(self) -> list[str]:
        """The task ids that were printed."""
        return self.stdout.split()


@dataclass
class CommandLine:
    """Runs commands in a folder of its own; nothing of the test's own environment reaches them."""

    folder: Path
    server: FakeAgentServer
    cache: Path
    _numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        """Make the project, with what can be named wrongly in it."""
        files = {
            "src/shop/__init__.py": b"",
            MODULE_PATH: MODULE,
            "src/shop/empty.py": b"",
            "src/shop/notes.txt": b"def f(): ...\n",
            "src/shop/latin.py": "def é(): pass\n".encode("latin-1"),
            "tests/test_other.py": b"def test_nothing_here(): pass\n",
        }
        for name, content in files.items():
            path = self.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (self.project / "tests" / "test_link.py").symlink_to("test_other.py")
        (self.folder / "outside.py").write_bytes(MODULE)
        self.home.mkdir()

    @property
    def project(self) -> Path:
        """The working directory."""
        return self.folder / "project"

    @property
    def home(self) -> Path:
        """The user's home, where the state folder would be."""
        return self.folder / "home"

    def build_environment(self, changes: Mapping[str, str | None]) -> dict[str, str]:
        """Build a workflow step's environment; ``None`` takes a variable away."""
        environment: dict[str, str | None] = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "OPENHANDS_TESTGEN_CACHE_DIR": str(self.cache),
            "OPENHANDS_TESTGEN_PYTHON": sys.executable,
            "OPENHANDS_TESTGEN_RESULTS": str(self.folder / "results"),
            "OPENHANDS_SERVER_URL": self.server.url,
            "OPENHANDS_SESSION_API_KEY": KEY,
            "LLM_MODEL": "openai/any",
            "LLM_API_KEY": "planted-model-key",
            "GITHUB_OUTPUT": str(self.folder / f"output-{next(self._numbers)}"),
            **changes,
        }
        return {name: value for name, value in environment.items() if value is not None}

    def start(self, *arguments: str, **changes: str | None) -> Started:
        """Start a command; the caller waits for it."""
        environment = self.build_environment(changes)
        process = subprocess.Popen(
            [LAUNCH, *arguments],
            cwd=self.project,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return Started(process, Path(environment.get("GITHUB_OUTPUT", os.devnull)))

    def run(self, *arguments: str, **changes: str | None) -> Answer:
        """Run a command to its end."""
        return self.start(*arguments, **changes).finish()

    def submit(self, *arguments: str, **changes: str | None) -> str:
        """Submit the module and return its task id."""
        answer = self.run("submit", "--module", MODULE_PATH, *arguments, **changes)
        assert answer.exit_code == 0, answer
        (task_id,) = answer.task_ids
        return task_id

    def plant_task(self) -> str:
        """Have the server run a task as a submit would, and return its id."""
        conversation = uuid.uuid4()
        workspace = {"kind": "LocalWorkspace", "working_dir": "/work"}
        self.server.create(
            {"conversation_id": str(conversation), "workspace": workspace, "agent": {}}
        )
        task_id = TaskId(
            backend="agent-server",
            conversation_id=conversation.hex,
            module_path=MODULE_PATH,
            output_path=OUTPUT_PATH,
            coverage_threshold=80,
            created_at=1_700_000_000,
            module_digest=render_digest(MODULE),
            output_digest="-",
        )
        return str(task_id)

    def list_files(self) -> dict[str, bytes]:
        """Return all files of the project and the home folder, but not the results."""
        found = (path for top in (self.project, self.home) for path in top.rglob("*"))
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in found
            if path.is_file()
        }


@dataclass(frozen=True)
class Started:
    """A command that runs."""

    process: subprocess.Popen[str]
    output_file: Path

    def wait_for_line(self, part: str) -> None:
        """Read the progress up to a line that holds ``part``."""
        assert self.process.stderr is not None
        lines = []
        for line in self.process.stderr:
            lines.append(line)
            if part in line:
                return
        message = f"no line with {part!r} in {lines}"
        raise AssertionError(message)

    def finish(self) -> Answer:
        """Wait for the end."""
        try:
            stdout, stderr = self.process.communicate(timeout=PATIENCE_SECONDS)
        finally:
            self.process.kill()
        outputs = read_outputs(self.output_file)
        return Answer(self.process.returncode, stdout, stderr, outputs)


def is_list_of_objects(content: list[object]) -> TypeGuard[list[dict[str, object]]]:
    """Whether JSON content is what results are."""
    return all(isinstance(one, dict) for one in content)


def read_outputs(file: Path) -> dict[str, str]:
    """Read the runner's file format the way the runner does: of one name the last value counts."""
    lines = iter(file.read_text(encoding="utf-8").split("\n") if file.is_file() else ())
    values = {}
    for line in lines:
        name, _, delimiter = line.partition("<<")
        if delimiter:
            values[name] = "\n".join(iter(lambda: next(lines), delimiter))
    return values
