"""How long a task may stay as it is before it is not worth waiting for."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from openhands_testgen.domain.task import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openhands_testgen.domain.task import TaskState

LONGEST_STAY_SECONDS: Mapping[Status, float] = MappingProxyType(
    {
        Status.QUEUED: 3_600.0,  # in a line that does not move
        Status.RUNNING: 3_600.0,  # without another step; some backends see few of them
    }
)


class Stays:
    """Since when the tasks of one wait have been as they are; all times are monotonic seconds."""

    def __init__(self) -> None:
        """Begin without any task."""
        self._known: dict[str, tuple[TaskState, float]] = {}
        self._moved_at = 0.0

    def note(self, key: str, state: TaskState, now: float) -> None:
        """Take what a task's state is now."""
        before = self._known.get(key)
        if before is None or before[0] != state:
            self._known[key] = (state, now)
            self._moved_at = now

    def explain(self, key: str, now: float) -> str:
        """Say that a task has stayed as it is for too long; empty if it has not.

        Who waits in line does so as long as any task moves.
        """
        if key not in self._known:
            return ""
        state, since = self._known[key]
        longest = LONGEST_STAY_SECONDS.get(state.status)
        if state.status is Status.QUEUED:
            since = max(since, self._moved_at)
        if longest is None or now - since < longest:
            return ""
        what = "nothing has moved" if state.status is Status.QUEUED else "no step has been made"
        return (
            f"The task is {state.status} and {what} for {longest / 60:g} minutes, so the wait for "
            "it ends here."
        )
