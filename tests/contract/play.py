"""What an agent does in a test, in words that suit every backend."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

STEPS_ALLOWED = 4


class Ending(StrEnum):
    """How an agent's run ends."""

    FINISHED = "finished"
    # It does the same thing again and again.
    STUCK = "stuck"
    # It has done other things than that, and more of them than it may: ``STEPS_ALLOWED``.
    TOO_MANY_STEPS = "too many steps"
    # The model refuses the key.
    REFUSED = "refused"
    # It works on a long command.
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Play:
    """What the agent leaves, by path, and how it ends; ``deleted`` are files of the project.

    It rests so many ``seconds`` before the end.
    """

    ending: Ending = Ending.FINISHED
    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    sizes_bytes: dict[str, int] = field(default_factory=dict)
    deleted: tuple[str, ...] = ()
    last_words: str = "All done."
    seconds: int = 0
