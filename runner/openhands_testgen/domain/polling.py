"""How long to wait before the next look at a task: pure, so that tests need no clock."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_DELAY_SECONDS = 1.0
GROWTH = 1.5
JITTER_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Pace:
    """The rhythm of a wait: from one second, growing, up to ``poll_interval_seconds``."""

    poll_interval_seconds: float

    def get_delay_seconds(
        self,
        polls: int,
        remaining_seconds: float,
        *,
        retry_after_seconds: float | None = None,
        chance: float = 0.5,
    ) -> float:
        """Return the seconds to sleep after ``polls`` looks.

        ``chance`` in 0..1 spreads clients by a tenth, never beyond the poll interval. What the
        backend asked for is a floor; the deadline is a ceiling.
        """
        grown = min(FIRST_DELAY_SECONDS * GROWTH ** min(polls, 64), self.poll_interval_seconds)
        delay = grown * (1 - JITTER_SHARE * chance)
        if retry_after_seconds is not None:
            delay = max(delay, retry_after_seconds)
        return max(0.0, min(delay, remaining_seconds))
