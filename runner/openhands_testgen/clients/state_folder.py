"""The state folder of the embedded engine: its tasks, and who of the processes may be the engine.

Two locks. ``engine.lock`` is held by the engine as long as it lives, so that its end, however it
comes, is seen by all. ``door.lock`` is held for moments: by a command that adds a task and looks
for an engine, and by an engine that looks for tasks and leaves. So no task falls between the two.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from openhands_testgen.clients.task_folder import PRIVATE_MODE, TaskFolder, create_task_folder
from openhands_testgen.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from openhands_testgen.domain.task import Order

ENGINE_ID_BYTES = 8


class StateFolder:
    """A folder that this user alone can read."""

    def __init__(self, root: Path) -> None:
        """Take the folder, which need not exist."""
        self.root = root

    @property
    def tasks(self) -> Path:
        """One folder a task."""
        return self.root / "tasks"

    @property
    def engine_log(self) -> Path:
        """What the engine has to say."""
        return self.root / "engine.log"

    @property
    def server(self) -> Path:
        """The working directory of the agent server."""
        return self.root / "server"

    @property
    def home(self) -> Path:
        """The home of the agents' shells."""
        return self.server / "home"

    def prepare(self) -> None:
        """Make the folder.

        Raises:
            ConfigurationError: it cannot be made, or belongs to somebody else.

        """
        try:
            for folder in (self.root, self.tasks, self.server, self.home):
                folder.mkdir(mode=PRIVATE_MODE, parents=True, exist_ok=True)
            self.root.chmod(PRIVATE_MODE)
        except OSError as exc:
            message = f"{self.root} cannot be used ({exc.strerror}); name a folder of your own"
            raise ConfigurationError(message, field="state-dir") from exc

    def read_engine_id(self) -> str:
        """Return the word by which task ids tell this folder from others; made once."""
        path = self.root / "id"
        if not path.exists():
            own = self.root / f".id-{os.getpid()}-{secrets.token_hex(4)}"
            own.write_text(secrets.token_hex(ENGINE_ID_BYTES), encoding="ascii")
            try:
                path.hardlink_to(own)
            except FileExistsError:
                pass
            finally:
                own.unlink()
        return path.read_text(encoding="ascii")

    def add(self, order: Order) -> TaskFolder:
        """Write an order; the same one again changes nothing.

        Raises:
            BackendError: another order stands under its conversation id.

        """
        return create_task_folder(self.tasks, order)

    def find(self, conversation_id: str) -> TaskFolder | None:
        """Return a task's folder, if it is here."""
        folder = TaskFolder(self.tasks / conversation_id)
        return folder if folder.path.is_dir() else None

    def list_tasks(self) -> list[TaskFolder]:
        """List all tasks, oldest first."""
        try:
            paths = [path for path in self.tasks.iterdir() if not path.name.startswith(".")]
            return [TaskFolder(path) for path in sorted(paths, key=_get_age)]
        except FileNotFoundError:
            return []

    def prune(self, before: float) -> None:
        """Remove tasks that were over before a moment (seconds since 1970)."""
        for task in self.list_tasks():
            state = task.path / "state.json"
            if task.is_over and state.exists() and state.stat().st_mtime < before:
                shutil.rmtree(task.path, ignore_errors=True)

    @contextmanager
    def door(self) -> Iterator[None]:
        """Hold the door for a moment."""
        with (self.root / "door.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def is_engine_alive(self) -> bool:
        """Whether a process is the engine now."""
        with (self.root / "engine.lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def become_engine(self) -> EngineSeat | None:
        """Become the engine, unless another process is."""
        return EngineSeat.take(self.root / "engine.lock")


class EngineSeat:
    """Being the engine, until it is left or the process ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        """Take the lock that is held."""
        self._path = path
        self._descriptor = descriptor
        self._is_held = True

    @classmethod
    def take(cls, path: Path) -> EngineSeat | None:
        """Take the lock, unless another process holds it."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return cls(path, descriptor)

    def is_valid(self) -> bool:
        """Whether the lock still stands where others look for it: the folder may be gone."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    def leave(self) -> None:
        """Let another process be the engine; leaving twice is leaving once."""
        if self._is_held:
            self._is_held = False
            os.close(self._descriptor)


def _get_age(task: Path) -> int:
    return (task / "order.json").stat().st_mtime_ns
