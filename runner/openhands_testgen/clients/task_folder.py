"""One task of the embedded engine as files: the order, the agent's project, what became of it.

The files are the protocol between the commands and the engine. Each is written whole or not at
all: ``order.json``, ``key``, ``base.json``, ``cancel`` and messages by the commands, ``posted``,
``state.json``, ``trajectory.zip`` and ``last-words.txt`` by the engine.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pydantic import BaseModel, TypeAdapter, ValidationError

from openhands_testgen.domain.snapshot import render_digest
from openhands_testgen.domain.task import (
    Assignment,
    ChangedFile,
    Conclusion,
    Limits,
    Model,
    Order,
    Status,
    TaskState,
)
from openhands_testgen.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openhands_testgen.domain.snapshot import Snapshot

MAX_CHANGED_FILES = 50
MAX_FILE_BYTES = 2_000_000
PRIVATE_MODE = 0o700
# What running tests leaves behind: no work of the agent's.
TRACES = {".git", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"}


QUEUED = TaskState(Status.QUEUED)
CANCELLED = TaskState(
    Status.FAILED, Conclusion.CANCELLED, error="The agent was stopped before it had finished."
)
TRAJECTORY = "trajectory.zip"
LAST_WORDS = "last-words.txt"


class StoredOrder(BaseModel):
    """An order as it stands in ``order.json``: all of it but the key and the files."""

    conversation_id: str
    assignment: Assignment
    prompt: str
    model_name: str
    model_base_url: str
    model_tries: int
    model_timeout_seconds: int
    model_others: tuple[str, ...] = ()
    limits: Limits
    tags: dict[str, str]


class StoredState(BaseModel):
    """A state as it stands in ``state.json``; ``failure`` is why the engine cannot go on."""

    state: TaskState
    failure: str = ""


_BASE = TypeAdapter(dict[str, str])


@dataclass(frozen=True, slots=True)
class TaskFolder:
    """The folder of one task, named by its conversation id."""

    path: Path

    @property
    def conversation_id(self) -> str:
        """The id under which the agent server knows the task."""
        return self.path.name

    @property
    def repository(self) -> Path:
        """The agent's copy of the project."""
        return self.path / "repository"

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody asked to stop the agent."""
        return (self.path / "cancel").exists()

    @property
    def is_posted(self) -> bool:
        """Whether an agent server has taken the task."""
        return (self.path / "posted").exists()

    def read_order(self) -> StoredOrder:
        """Return the order.

        Raises:
            BackendError: it cannot be read.

        """
        try:
            return StoredOrder.model_validate_json((self.path / "order.json").read_bytes())
        except (OSError, ValidationError) as exc:
            message = f"The order in {self.path} cannot be read; submit again."
            raise BackendError(message) from exc

    def read_model(self) -> Model:
        """Return the order's language model, with its key as long as that is needed."""
        order, key = self.read_order(), self.path / "key"
        text = key.read_text("utf-8") if key.exists() else ""
        return Model(
            name=order.model_name,
            api_key=text,
            base_url=order.model_base_url,
            tries=order.model_tries,
            timeout_seconds=order.model_timeout_seconds,
            others=order.model_others,
        )

    def read_state(self) -> StoredState | None:
        """Return what the engine last said, or ``None`` before it has said anything."""
        try:
            return StoredState.model_validate_json((self.path / "state.json").read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as exc:
            message = f"The state in {self.path} cannot be read; submit again."
            raise BackendError(message) from exc

    @property
    def is_over(self) -> bool:
        """Whether the engine has nothing more to do for the task."""
        try:
            stored = self.read_state()
        except BackendError:
            return True
        if stored is None or self.read_messages():
            return False
        return bool(stored.failure) or stored.state.status.is_final

    def fail(self, failure: str) -> None:
        """Say that the engine cannot go on with the task, and why."""
        stored = self.read_state()
        self.write_state(stored.state if stored else QUEUED, failure)
        self.forget_key()

    def drop(self) -> None:
        """Say that the task was cancelled before any agent had it."""
        self.write_state(CANCELLED)
        self.forget_key()

    def forget_key(self) -> None:
        """Remove the model's key."""
        (self.path / "key").unlink(missing_ok=True)

    def write_state(self, state: TaskState, failure: str = "") -> None:
        """Say where the task stands."""
        content = StoredState(state=state, failure=failure).model_dump_json()
        write_whole(self.path / "state.json", content.encode())

    def write_record(self, name: str, content: bytes) -> None:
        """Keep a file that belongs to the task's result."""
        write_whole(self.path / name, content)

    def read_record(self, name: str) -> bytes:
        """Return a file that belongs to the task's result; empty if there is none."""
        path = self.path / name
        return path.read_bytes() if path.is_file() else b""

    def mark_posted(self) -> None:
        """Remember that an agent server has the task, which keeps the key itself from here on.

        The key stays here too as long as another model may have to go on.
        """
        write_whole(self.path / "posted", b"")
        if not self.read_order().model_others:
            self.forget_key()

    def mark_cancelled(self) -> None:
        """Ask the engine to stop the agent."""
        write_whole(self.path / "cancel", b"")

    def leave_message(self, text: str) -> bool:
        """Leave a message for the agent; return whether it is a new one."""
        name = f"message-{render_digest(text.encode())}"
        if any((self.path / f"{name}.{end}").exists() for end in ("new", "sent")):
            return False
        write_whole(self.path / f"{name}.new", text.encode())
        stored = self.read_state()
        if stored:
            # Nobody may take the former end for the end of what begins now.
            self.write_state(stored.state.go_on())
        return True

    def read_messages(self) -> dict[str, str]:
        """Return the messages that the agent was not given yet, by name."""
        files = sorted(self.path.glob("message-*.new"))
        return {file.stem: file.read_text("utf-8") for file in files}

    def mark_sent(self, name: str) -> None:
        """Remember that the agent has a message."""
        (self.path / f"{name}.new").rename(self.path / f"{name}.sent")

    def list_changes(self, output_path: str) -> tuple[ChangedFile, ...]:
        """List what differs from the base, the output first, without asking git.

        The agent owns the repository's configuration, and git would obey it.
        """
        base = _BASE.validate_json((self.path / "base.json").read_bytes())
        present = dict(self._walk())
        gone = (ChangedFile(path, None, "deleted") for path in base if path not in present)
        changed = (
            file
            for file in present.values()
            if file.content is None or render_digest(file.content) != base.get(file.path)
        )
        ranked = sorted((*changed, *gone), key=lambda file: (file.path != output_path, file.path))
        return tuple(ranked[:MAX_CHANGED_FILES])

    def _walk(self) -> Iterator[tuple[str, ChangedFile]]:
        for folder, names, files in os.walk(self.repository):
            here = Path(folder)
            links = [name for name in names if (here / name).is_symlink()]
            names[:] = [name for name in names if name not in TRACES and name not in links]
            for name in (*links, *files):
                path = PurePosixPath((here / name).relative_to(self.repository)).as_posix()
                yield path, _read_changed(here / name, path)


def create_task_folder(tasks: Path, order: Order) -> TaskFolder:
    """Write an order and a copy of its snapshot; the same order again is the one that is there.

    Raises:
        BackendError: another order stands under the same conversation id.
        OSError: the folder cannot be written.

    """
    folder = TaskFolder(tasks / order.conversation_id)
    if not folder.path.exists():
        building = Path(tempfile.mkdtemp(prefix=".new-", dir=tasks))
        try:
            _fill(TaskFolder(building), order)
            building.rename(folder.path)
        except OSError:
            if not folder.path.exists():
                raise
        finally:
            shutil.rmtree(building, ignore_errors=True)
    if folder.read_order().tags != order.tags:
        message = (
            f"Another task runs under the id {order.conversation_id} in the embedded engine. "
            "Nothing was started; submit from another job or run attempt."
        )
        raise BackendError(message)
    return folder


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; only this user can read it."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)


def _fill(folder: TaskFolder, order: Order) -> None:
    base = _copy(order.snapshot, folder.repository)
    stored = StoredOrder(
        conversation_id=order.conversation_id,
        assignment=order.assignment,
        prompt=order.prompt,
        model_name=order.model.name,
        model_base_url=order.model.base_url,
        model_tries=order.model.tries,
        model_timeout_seconds=order.model.timeout_seconds,
        model_others=order.model.others,
        limits=order.limits,
        tags=order.tags,
    )
    write_whole(folder.path / "base.json", _BASE.dump_json(base))
    if order.model.api_key:
        write_whole(folder.path / "key", order.model.api_key.encode())
    write_whole(folder.path / "order.json", stored.model_dump_json().encode())


def _copy(snapshot: Snapshot, target: Path) -> dict[str, str]:
    """Copy the snapshot's files and return the digest of each."""
    target.mkdir(mode=PRIVATE_MODE)
    digests: dict[str, str] = {}
    for path in snapshot.paths:
        source, copy = snapshot.root / path, target / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        content = source.read_bytes()
        copy.write_bytes(content)
        copy.chmod(stat.S_IMODE(source.stat().st_mode) | stat.S_IWUSR | stat.S_IRUSR)
        digests[path] = render_digest(content)
    return digests


def _read_changed(full: Path, path: str) -> ChangedFile:
    found = full.lstat()
    if not stat.S_ISREG(found.st_mode):
        return ChangedFile(path, None, "a link or a special file")
    if found.st_size > MAX_FILE_BYTES:
        return ChangedFile(path, None, f"larger than {MAX_FILE_BYTES} bytes")
    return ChangedFile(path, full.read_bytes())
