"""A clock that does not wait, a project in memory, and ears for what is said and stored."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from openhands_testgen.domain.snapshot import Snapshot
from openhands_testgen.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from openhands_testgen.domain.report import Report
    from openhands_testgen.domain.task import TaskState
    from openhands_testgen.domain.verdict import Candidate, Verification


@dataclass
class FakeClock:
    """Time passes only when somebody sleeps."""

    seconds: float = 1_700_000_000.0
    sleeps: list[float] = field(default_factory=list)

    def now(self) -> float:
        """Return the fake time."""
        return self.seconds

    def monotonic(self) -> float:
        """Return the fake time."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.sleeps.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)


@dataclass
class FakeProject:
    """Files by path; ``links`` and ``folders`` name what is none."""

    files: dict[str, bytes]
    links: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    root: Path = Path("/project")

    def locate(self, text: str, field: str) -> str:
        """Refuse what the real tree would refuse."""
        if text.startswith(("/", "..")):
            message = f"{text!r} lies outside the working directory"
            raise ConfigurationError(message, field=field)
        return text

    def read(self, path: str) -> bytes | None:
        """Return the bytes."""
        return self.files.get(path)

    def is_folder(self, path: str) -> bool:
        """Whether the test says so."""
        return path in self.folders

    def is_link(self, path: str) -> bool:
        """Whether the test says so."""
        return path in self.links

    def write(self, path: str, content: bytes) -> None:
        """Keep the bytes."""
        self.files[path] = content

    def take_snapshot(self) -> Snapshot:
        """Name all files."""
        digest = hashlib.sha256(repr(sorted(self.files.items())).encode()).hexdigest()
        return Snapshot(self.root, tuple(sorted(self.files)), digest)


@dataclass
class FakeVerifier:
    """Gives every candidate the same verification, or raises; ``first`` are for the first ones."""

    answer: Verification | Exception
    first: list[Verification] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    opened: list[Path] = field(default_factory=list)

    @asynccontextmanager
    async def open(self, project: Path) -> AsyncIterator[None]:
        """Note for which project."""
        self.opened.append(project)
        yield

    async def verify(self, candidate: Candidate) -> Verification:
        """Answer."""
        self.candidates.append(candidate)
        if self.first:
            return self.first.pop(0)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass
class RecordingArchive:
    """Keeps what is stored."""

    stored: list[tuple[Report, dict[str, bytes]]] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)

    def store(self, report: Report, files: Mapping[str, bytes]) -> Path:
        """Keep it, unless a fault is in the way."""
        if self.faults:
            raise self.faults.pop(0)
        self.stored.append((report, dict(files)))
        return Path("/results") / report.task_id.short


@dataclass
class RecordingProgress:
    """Keeps what is said and shown."""

    lines: list[str] = field(default_factory=list)
    standings: list[list[TaskState]] = field(default_factory=list)

    @contextmanager
    def waiting(self, title: str) -> Iterator[None]:
        """Keep its title."""
        self.lines.append(title)
        yield

    def show(self, states: Mapping[str, TaskState]) -> None:
        """Keep it."""
        self.standings.append(list(states.values()))

    def say(self, line: str) -> None:
        """Keep it."""
        self.lines.append(line)
