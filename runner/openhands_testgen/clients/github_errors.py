"""Why GitHub did not do what it was asked: a small set of reasons, from any answer or none."""

from __future__ import annotations

import re
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SAID_LENGTH = 200
_LIMIT = re.compile(
    r"rate limit|abuse detection|please wait a few minutes|retry your request", re.IGNORECASE
)
# What GitHub's documentation asks for where an answer names no time.
DEFAULT_WAIT_SECONDS = 60.0


class Reason(StrEnum):
    """Why a request failed."""

    NO_TOKEN = "no token"  # noqa: S105 - a reason, no password
    NO_COMMIT = "no commit"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate limited"
    NOT_FOUND = "not found"
    CONFLICT = "conflict"
    INVALID = "invalid"
    NOT_SUPPORTED = "not supported"
    UNREACHABLE = "unreachable"


_REASONS: dict[int, Reason] = {
    HTTPStatus.UNAUTHORIZED: Reason.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN: Reason.FORBIDDEN,
    HTTPStatus.NOT_FOUND: Reason.NOT_FOUND,
    HTTPStatus.GONE: Reason.NOT_FOUND,
    HTTPStatus.CONFLICT: Reason.CONFLICT,
    HTTPStatus.UNPROCESSABLE_ENTITY: Reason.INVALID,
}


class GitHubError(Exception):
    """A request to GitHub failed; ``said`` are GitHub's own words, foreign text.

    ``retry_after_seconds`` is how long GitHub wants us to wait, for a rate limit.
    """

    def __init__(
        self, reason: Reason, said: str = "", *, retry_after_seconds: float | None = None
    ) -> None:
        """Keep what is needed to explain it, and to try again."""
        super().__init__(f"{reason}: {said}" if said else str(reason))
        self.reason = reason
        self.said = said[:MAX_SAID_LENGTH]
        self.retry_after_seconds = retry_after_seconds


def read_answer(status: int, said: str, headers: Mapping[str, str], now: float) -> GitHubError:
    """Read why an answer is none of the wanted ones; ``now`` is in seconds since 1970.

    GitHub answers 403 both to a missing permission and to a limit that is reached: headers and
    words tell them apart. Header names are lower case.
    """
    if status == HTTPStatus.TOO_MANY_REQUESTS or _is_limit(status, said, headers):
        wait_seconds = _read_wait(headers, now)
        return GitHubError(Reason.RATE_LIMITED, said, retry_after_seconds=wait_seconds)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return GitHubError(Reason.UNREACHABLE, said or f"status {status}")
    return GitHubError(_REASONS.get(status, Reason.NOT_SUPPORTED), said or f"status {status}")


def _is_limit(status: int, said: str, headers: Mapping[str, str]) -> bool:
    return status == HTTPStatus.FORBIDDEN and (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
        or _LIMIT.search(said) is not None
    )


def _read_wait(headers: Mapping[str, str], now: float) -> float:
    """Read how many seconds to wait, in the order that GitHub's documentation names."""
    asked = _parse_seconds(headers.get("retry-after", ""))
    if asked is not None:
        return asked
    reset = _parse_seconds(headers.get("x-ratelimit-reset", ""))
    if reset is not None and headers.get("x-ratelimit-remaining") == "0":
        return max(0.0, reset - now)
    return DEFAULT_WAIT_SECONDS


def _parse_seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", text.strip()) else None
