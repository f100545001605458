"""What did not work is said once, in one sentence a cause."""

from __future__ import annotations

import pytest

from openhands_testgen.clients.github_errors import GitHubError, Reason
from openhands_testgen.reporting.github.event import Event
from openhands_testgen.reporting.github.refusals import Failure, Note, Sink, explain_failures

PULL = Event("pull_request", "a" * 40, "feature", 7)
FORK = Event("pull_request", "a" * 40, "", 7, is_fork=True)
DEPENDABOT = Event("pull_request", "a" * 40, "feature", 7, is_dependabot=True)
INSTEAD = " The annotations stand in this log and in the job summary."
COMMON = "Resource not accessible by integration"


def fail(sink: Sink, reason: Reason, said: str = "", wait: float | None = None) -> Failure:
    return Failure(sink, GitHubError(reason, said, retry_after_seconds=wait))


@pytest.mark.parametrize(
    ("failure", "event", "sentence"),
    [
        (
            fail("check run", Reason.NO_TOKEN),
            PULL,
            "No check run: there is no token; give `github-token`.",
        ),
        (
            fail("check run", Reason.NO_TOKEN),
            FORK,
            "No check run: pull requests from forks get no token that may write.",
        ),
        (
            fail("check run", Reason.UNAUTHORIZED, "Bad credentials"),
            PULL,
            "No check run: GitHub does not accept the token (401).",
        ),
        (
            fail("check run", Reason.FORBIDDEN, COMMON),
            PULL,
            "No check run: the token lacks the permission `checks: write`.",
        ),
        (
            fail("check run", Reason.FORBIDDEN, "Upgrade\nyour plan."),
            PULL,
            (
                "No check run: the token lacks the permission `checks: write` (GitHub says: "
                '"Upgrade your plan").'
            ),
        ),
        (
            fail("check run", Reason.FORBIDDEN, COMMON),
            FORK,
            "No check run: pull requests from forks get a token that may only read.",
        ),
        (
            fail("check run", Reason.FORBIDDEN, COMMON),
            DEPENDABOT,
            "No check run: runs that Dependabot starts get a token that may only read.",
        ),
        (
            fail("check run", Reason.RATE_LIMITED, "x", 90),
            PULL,
            "No check run: GitHub's rate limit is reached for 90 s more.",
        ),
        (
            fail("check run", Reason.NOT_FOUND, "Not Found"),
            PULL,
            (
                "No check run: the token does not reach this, or this GitHub has no such feature "
                "(404)."
            ),
        ),
        (
            fail("check run", Reason.INVALID, "No commit found"),
            PULL,
            'No check run: GitHub refused the content (422) (GitHub says: "No commit found").',
        ),
        (
            fail("check run", Reason.UNREACHABLE, "ReadTimeout"),
            PULL,
            "No check run: GitHub did not answer as it should (ReadTimeout).",
        ),
        (
            fail("check run", Reason.NO_COMMIT),
            PULL,
            "No check run: the event's payload names no commit to put it on.",
        ),
    ],
)
def test_one_failure(failure: Failure, event: Event, sentence: str) -> None:
    assert explain_failures([failure], event) == [Note("notice", sentence + INSTEAD)]


def test_missing_permissions_are_named_together() -> None:
    sinks: tuple[Sink, ...] = ("delivery", "check run", "comment")
    (note,) = explain_failures([fail(sink, Reason.FORBIDDEN, COMMON) for sink in sinks], PULL)
    assert note.level == "warning"
    assert note.text == (
        "No delivery, no check run and no comment: the token lacks the permission "
        "`contents: write`, `checks: write` and `pull-requests: write`." + INSTEAD
    )


def test_different_causes_are_different_sentences() -> None:
    failures = [fail("check run", Reason.FORBIDDEN, COMMON), fail("comment", Reason.UNREACHABLE)]
    first, second = explain_failures(failures, PULL)
    assert first.text.startswith("No check run: ")
    assert second == Note("warning", "No comment: GitHub did not answer as it should ().")


def test_nothing_failed() -> None:
    assert explain_failures([], PULL) == []


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence(reason: Reason) -> None:
    (note,) = explain_failures([fail("comment", reason, "said")], PULL)
    assert note.text.startswith("No comment: ")
    assert note.text.endswith(".")
