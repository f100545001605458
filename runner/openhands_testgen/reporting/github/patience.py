"""A second and a third try, for what may pass; each try looks for what is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhands_testgen.clients.github_errors import GitHubError, Reason

if TYPE_CHECKING:
    from collections.abc import Callable

WAITS_SECONDS = (1.0, 4.0)
MAX_WAIT_SECONDS = 30.0


def run_patiently[T](action: Callable[[], T], sleep: Callable[[float], None]) -> T:
    """Run an action up to three times; it must do nothing twice.

    A rate limit is waited out where GitHub asks for half a minute or less.

    Raises:
        GitHubError: it failed for good, or for the third time.

    """
    for wait_seconds in WAITS_SECONDS:
        try:
            return action()
        except GitHubError as error:
            asked_seconds = _choose_wait(error, wait_seconds)
            if asked_seconds is None:
                raise
            sleep(asked_seconds)
    return action()


def _choose_wait(error: GitHubError, default_seconds: float) -> float | None:
    if error.reason is Reason.UNREACHABLE:
        return default_seconds
    asked_seconds = error.retry_after_seconds
    if error.reason is not Reason.RATE_LIMITED or asked_seconds is None:
        return None
    return asked_seconds if asked_seconds <= MAX_WAIT_SECONDS else None
