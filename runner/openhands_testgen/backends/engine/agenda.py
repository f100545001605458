"""What the engine does next with each task: pure, so that a table shows all of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class TaskView:
    """One unfinished task as the engine sees it."""

    conversation_id: str
    is_posted: bool
    is_cancelled: bool


@dataclass(frozen=True, slots=True)
class Agenda:
    """Conversation ids by what is to be done with them.

    ``drop``: cancelled before any server had it. ``post``: hand over now. ``wait``: no room yet.
    ``watch``: ask the server. ``stop``: those of ``watch`` whose agent is to be interrupted.
    """

    drop: list[str] = field(default_factory=list)
    post: list[str] = field(default_factory=list)
    wait: list[str] = field(default_factory=list)
    watch: list[str] = field(default_factory=list)
    stop: list[str] = field(default_factory=list)

    @property
    def needs_server(self) -> bool:
        """Whether there is anything to do that takes a server."""
        return bool(self.post or self.wait or self.watch)


def make_agenda(tasks: Iterable[TaskView], room: int) -> Agenda:
    """Sort unfinished tasks, oldest first; ``room`` is how many may run at once."""
    agenda = Agenda()
    for task in tasks:
        if task.is_posted:
            agenda.watch.append(task.conversation_id)
            if task.is_cancelled:
                agenda.stop.append(task.conversation_id)
        elif task.is_cancelled:
            agenda.drop.append(task.conversation_id)
        else:
            agenda.wait.append(task.conversation_id)
    free = max(0, room - len(agenda.watch))
    agenda.post.extend(agenda.wait[:free])
    del agenda.wait[:free]
    return agenda
