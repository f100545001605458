"""Why an answer is none: status, headers and words together."""

from __future__ import annotations

import pytest

from openhands_testgen.clients.github_errors import Reason, read_answer

NOW = 1_700_000_000.0
SECONDARY = "You have exceeded a secondary rate limit and have been temporarily blocked."
PRIMARY = "API rate limit exceeded for installation ID 1."
NOT_PERMITTED = "Resource not accessible by integration"


@pytest.mark.parametrize(
    ("status", "said", "headers", "reason", "wait_seconds"),
    [
        (401, "Bad credentials", {}, Reason.UNAUTHORIZED, None),
        (403, NOT_PERMITTED, {}, Reason.FORBIDDEN, None),
        (403, NOT_PERMITTED, {"x-ratelimit-remaining": "12"}, Reason.FORBIDDEN, None),
        (403, "x", {"retry-after": "7"}, Reason.RATE_LIMITED, 7.0),
        (403, SECONDARY, {}, Reason.RATE_LIMITED, 60.0),
        (403, SECONDARY, {"x-ratelimit-reset": "1700003600"}, Reason.RATE_LIMITED, 60.0),
        (
            403,
            PRIMARY,
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1700000090"},
            Reason.RATE_LIMITED,
            90.0,
        ),
        (
            403,
            PRIMARY,
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1600000000"},
            Reason.RATE_LIMITED,
            0.0,
        ),
        (429, "", {"retry-after": "0"}, Reason.RATE_LIMITED, 0.0),
        (429, "", {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, Reason.RATE_LIMITED, 60.0),
        (404, "Not Found", {}, Reason.NOT_FOUND, None),
        (410, "Gone", {}, Reason.NOT_FOUND, None),
        (409, "Git Repository is empty.", {}, Reason.CONFLICT, None),
        (422, "Validation Failed", {}, Reason.INVALID, None),
        (400, "", {}, Reason.NOT_SUPPORTED, None),
        (406, "", {}, Reason.NOT_SUPPORTED, None),
        (415, "", {}, Reason.NOT_SUPPORTED, None),
        (301, "Moved Permanently", {}, Reason.NOT_SUPPORTED, None),
        (500, "", {}, Reason.UNREACHABLE, None),
        (503, "", {"retry-after": "5"}, Reason.UNREACHABLE, None),
    ],
)
def test_table(
    status: int, said: str, headers: dict[str, str], reason: Reason, wait_seconds: float | None
) -> None:
    error = read_answer(status, said, headers, NOW)
    assert (error.reason, error.retry_after_seconds) == (reason, wait_seconds)


def test_words_of_an_answer_are_bounded() -> None:
    assert len(read_answer(422, "x" * 10_000_000, {}, NOW).said) == 200
