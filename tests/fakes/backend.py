"""A backend in memory, driven by the test: it plays an agent's life at the test's own pace."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from openhands_testgen.domain.task import (
    ChangedFile,
    Conclusion,
    Order,
    Receipt,
    Status,
    TaskState,
    Work,
)
from openhands_testgen.errors import BackendError, TaskIdError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openhands_testgen.domain.task_id import TaskId
    from openhands_testgen.errors import GenerationError

UNKNOWN = "the fake backend does not know this task"
CANCELLED = TaskState(Status.FAILED, Conclusion.CANCELLED, error="stopped")


@dataclass
class FakeBackend:
    """Each task walks through ``script``, one state a look, and stays at the last one.

    ``faults`` are raised by the next looks, first one first. Without ``files`` an agent leaves a
    sound test at the output.
    """

    name: str = "fake"
    script: Sequence[TaskState] = (TaskState(Status.RUNNING), TaskState(Status.COMPLETED))
    files: tuple[ChangedFile, ...] | None = None
    last_words: str = "All done."
    faults: list[Exception] = field(default_factory=list)
    submit_faults: dict[str, Exception] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    started: int = 0
    looks: list[int] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    cancel_faults: list[Exception] = field(default_factory=list)
    closed: bool = False
    deaf: bool = False
    told: list[tuple[str, str]] = field(default_factory=list)
    _positions: dict[str, int] = field(default_factory=dict)

    async def submit(self, order: Order) -> Receipt:
        """Start once for each conversation id."""
        fault = self.submit_faults.get(order.assignment.module_path)
        if fault is not None:
            raise fault
        known = self.orders.get(order.conversation_id)
        if known is not None and known.tags != order.tags:
            message = f"another task runs under the id {order.conversation_id}"
            raise BackendError(message)
        if known is None:
            self.started += 1
        self.orders[order.conversation_id] = order
        return Receipt(reference={})

    async def get_states(
        self, task_ids: Sequence[TaskId]
    ) -> Mapping[str, TaskState | GenerationError]:
        """Answer for all tasks at once; every look moves each one step on."""
        self.looks.append(len(task_ids))
        if self.faults:
            raise self.faults.pop(0)
        return {one.conversation_id: self._look(one) for one in task_ids}

    def _look(self, task_id: TaskId) -> TaskState | GenerationError:
        key = task_id.conversation_id
        if key not in self.orders:
            return TaskIdError(UNKNOWN)
        if key in self.cancelled:
            return CANCELLED
        position = self._positions.get(key, 0)
        self._positions[key] = position + 1
        return self.script[min(position, len(self.script) - 1)]

    async def get_work(self, task_id: TaskId) -> Work:
        """Return what the test put in ``files``."""
        files = self.files
        if files is None:
            files = (ChangedFile(task_id.output_path, b"def test_it():\n    pass\n"),)
        return Work(files, records={"trajectory.zip": b"PK"}, final_message=self.last_words)

    async def tell(self, task_id: TaskId, message: str) -> None:
        """Begin the script anew, once for each message."""
        if self.deaf:
            message = "the fake backend does not listen"
            raise BackendError(message)
        if (task_id.conversation_id, message) not in self.told:
            self.told.append((task_id.conversation_id, message))
            self._positions[task_id.conversation_id] = 0

    async def cancel(self, task_id: TaskId) -> None:
        """Stop the task, unless a fault is in the way or it has ended."""
        if self.cancel_faults:
            raise self.cancel_faults.pop(0)
        if task_id.conversation_id not in self.orders:
            raise TaskIdError(UNKNOWN)
        seen = self._positions.get(task_id.conversation_id, 0)
        if seen == 0 or not self.script[min(seen, len(self.script)) - 1].status.is_final:
            self.cancelled.append(task_id.conversation_id)

    async def aclose(self) -> None:
        """Remember that it was closed."""
        self.closed = True
