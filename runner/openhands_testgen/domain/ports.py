"""What the use cases need from the outside, as Protocols; adapters below never meet each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from pathlib import Path

    from openhands_testgen.domain.report import Report
    from openhands_testgen.domain.snapshot import Snapshot
    from openhands_testgen.domain.task import Order, Receipt, TaskState, Work
    from openhands_testgen.domain.task_id import TaskId
    from openhands_testgen.domain.verdict import Candidate, Verification
    from openhands_testgen.errors import GenerationError


class Backend(Protocol):
    """Who runs the agent.

    All methods raise ``BackendUnreachableError`` where asking again may help,
    ``AuthenticationError`` for a refused key, and ``BackendError`` for a broken contract.
    """

    @property
    def name(self) -> str:
        """The word that stands in task ids and in the ``backend`` setting."""

    async def submit(self, order: Order) -> Receipt:
        """Start the task; the same conversation id again starts nothing twice."""

    async def get_states(
        self, task_ids: Sequence[TaskId]
    ) -> Mapping[str, TaskState | GenerationError]:
        """Return one state for every task, by conversation id, in as few requests as possible.

        A task that this backend cannot know has a ``TaskIdError`` in place of its state.
        """

    async def get_work(self, task_id: TaskId) -> Work:
        """Return what a task in a final state left behind, byte for byte."""

    async def tell(self, task_id: TaskId, message: str) -> None:
        """Give the agent of a completed task another message, and let it go on.

        The same message again is told once, whoever tells it.
        """

    async def cancel(self, task_id: TaskId) -> None:
        """Stop the agent; on a task that has ended this does nothing."""

    async def aclose(self) -> None:
        """Release connections."""


class Project(Protocol):
    """The project's folder. Paths are POSIX and relative to it."""

    @property
    def root(self) -> Path:
        """The folder."""

    def locate(self, text: str, field: str) -> str:
        """Return a user's path relative to the folder; ``ConfigurationError`` if it leads out."""

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or ``None`` where no plain file stands."""

    def is_folder(self, path: str) -> bool:
        """Whether a folder stands there."""

    def is_link(self, path: str) -> bool:
        """Whether a symbolic link stands there."""

    def write(self, path: str, content: bytes) -> None:
        """Write a file whole or not at all, making its folders; never through a link."""

    def take_snapshot(self) -> Snapshot:
        """List the files as git sees them: tracked and untracked, not ignored."""


class Verifier(Protocol):
    """Judges test files."""

    def open(self, project: Path) -> AbstractAsyncContextManager[None]:
        """Make ready to judge files of a project while there are none; tidy up at the end."""

    async def verify(self, candidate: Candidate) -> Verification:
        """Judge one test file on a copy of the project; hostile content ends in a verdict."""


class Archive(Protocol):
    """The results folder: nothing that a task left is lost."""

    def store(self, report: Report, files: Mapping[str, bytes]) -> Path:
        """Write the report and the files in the task's own folder and return that folder."""


class Progress(Protocol):
    """What a waiting person sees."""

    def waiting(self, title: str) -> AbstractContextManager[None]:
        """Surround a wait, whatever it waits for."""

    def say(self, line: str) -> None:
        """Print one line."""

    def show(self, states: Mapping[str, TaskState]) -> None:
        """Show where tasks stand now, by conversation id; the others stand where they did."""


class Clock(Protocol):
    """Time, so that tests need not wait for it."""

    def now(self) -> float:
        """Return seconds since 1970."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""
