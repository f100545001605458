"""What did not work on GitHub, in one clear sentence for each cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from openhands_testgen.clients.github_errors import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from openhands_testgen.clients.github_errors import GitHubError
    from openhands_testgen.reporting.annotations import Level
    from openhands_testgen.reporting.github.event import Event

Sink = Literal["check run", "comment", "delivery"]

PERMISSIONS: dict[Sink, str] = {
    "check run": "checks: write",
    "comment": "pull-requests: write",
    "delivery": "contents: write",
}
# Causes that every later request would meet as well.
LASTING = frozenset({Reason.NO_TOKEN, Reason.UNAUTHORIZED, Reason.RATE_LIMITED, Reason.UNREACHABLE})
_CAUSES: dict[Reason, str] = {
    Reason.NO_TOKEN: "there is no token; give `github-token`",
    Reason.NO_COMMIT: "the event's payload names no commit to put it on",
    Reason.UNAUTHORIZED: "GitHub does not accept the token (401)",
    Reason.NOT_FOUND: "the token does not reach this, or this GitHub has no such feature (404)",
    Reason.CONFLICT: "GitHub found a conflict (409)",
    Reason.INVALID: "GitHub refused the content (422)",
    Reason.NOT_SUPPORTED: "this GitHub does not take the request",
    Reason.UNREACHABLE: "GitHub did not answer as it should",
}
# What GitHub says to every missing permission, and so says nothing.
_COMMONPLACE = {"resource not accessible by integration", "not found", "bad credentials"}


@dataclass(frozen=True, slots=True)
class Failure:
    """A sink that was not reached."""

    sink: Sink
    error: GitHubError


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence about the publishing itself."""

    level: Level
    text: str


def explain_failures(failures: Sequence[Failure], event: Event) -> list[Note]:
    """Explain failures, one sentence a cause; it says where the annotations stand instead."""
    causes = {failure: _explain(failure, failures, event) for failure in failures}
    return [
        _render(cause, [failure.sink for failure in failures if causes[failure] == cause], event)
        for cause in dict.fromkeys(causes.values())
    ]


def _render(cause: str, sinks: Sequence[Sink], event: Event) -> Note:
    missing = _join([f"no {sink}" for sink in sinks])
    instead = " The annotations stand in this log and in the job summary."
    text = f"{missing[:1].upper()}{missing[1:]}: {cause}.{instead if 'check run' in sinks else ''}"
    is_expected = bool(event.origin) or set(sinks) == {"check run"}
    return Note("notice" if is_expected else "warning", text)


def _explain(failure: Failure, failures: Iterable[Failure], event: Event) -> str:
    error = failure.error
    if error.reason is Reason.RATE_LIMITED:
        return f"GitHub's rate limit is reached{_say_wait(error)}"
    if error.reason is Reason.FORBIDDEN:
        return _explain_permission(failure, failures, event)
    if error.reason in {Reason.NO_TOKEN, Reason.UNAUTHORIZED} and event.origin:
        return f"{event.origin} get no token that may write"
    if error.reason is Reason.UNREACHABLE:
        return f"{_CAUSES[error.reason]} ({' '.join(error.said.split())})"
    return f"{_CAUSES[error.reason]}{_quote(error.said)}"


def _explain_permission(failure: Failure, failures: Iterable[Failure], event: Event) -> str:
    if event.origin:
        return f"{event.origin} get a token that may only read"
    same = [
        one.sink
        for one in failures
        if one.error.reason is Reason.FORBIDDEN and one.error.said == failure.error.said
    ]
    needed = _join([f"`{PERMISSIONS[sink]}`" for sink in same])
    return f"the token lacks the permission {needed}{_quote(failure.error.said)}"


def _say_wait(error: GitHubError) -> str:
    seconds = error.retry_after_seconds
    return "" if seconds is None else f" for {seconds:.0f} s more"


def _quote(said: str) -> str:
    plain = " ".join(said.split()).rstrip(".")
    return f' (GitHub says: "{plain}")' if plain and plain.lower() not in _COMMONPLACE else ""


def _join(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
