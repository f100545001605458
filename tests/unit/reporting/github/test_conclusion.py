"""The conclusion of a check run: the whole table."""

from __future__ import annotations

import pytest

from openhands_testgen.reporting.github.conclusion import choose_conclusion
from tests.fakes.results import make_result


@pytest.mark.parametrize(
    ("verdict", "status", "conclusion", "expected"),
    [  # expected by `fail-on`: weak, rejected, failed, never
        ("accepted", "COMPLETED", "success", ("success",) * 4),
        ("weak", "COMPLETED", "success", ("failure", "neutral", "neutral", "neutral")),
        ("rejected", "COMPLETED", "rejected", ("failure", "failure", "neutral", "neutral")),
        *(
            (None, "FAILED", end, ("failure", "failure", "failure", "neutral"))
            for end in ("agent_error", "stuck", "timed_out", "over_budget", "lost")
        ),
        (None, "COMPLETED", "no_tests", ("failure", "failure", "failure", "neutral")),
        (None, "FAILED", "cancelled", (*["cancelled"] * 3, "neutral")),
        (None, "FAILED", "needs_confirmation", (*["action_required"] * 3, "neutral")),
        # The deadline passed, or the backend was not reached: somebody has to collect again.
        (None, "RUNNING", None, (*["action_required"] * 3, "neutral")),
        (None, "QUEUED", None, (*["action_required"] * 3, "neutral")),
        ("a new word", "COMPLETED", "success", ("failure", "failure", "failure", "neutral")),
    ],
)
def test_table(
    verdict: str | None, status: str, conclusion: str | None, expected: tuple[str, ...]
) -> None:
    result = make_result(verdict=verdict, status=status, conclusion=conclusion)
    fail_on = ("weak", "rejected", "failed", "never")
    assert tuple(choose_conclusion([result], word) for word in fail_on) == expected


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((), "neutral"),
        (("accepted", "accepted"), "success"),
        (("accepted", "weak"), "neutral"),
        (("weak", None), "action_required"),
        (("rejected", None, "accepted"), "failure"),
    ],
)
def test_several_tasks_are_as_good_as_the_worst(
    verdicts: tuple[str | None, ...], expected: str
) -> None:
    results = [
        make_result(verdict=verdict, status="COMPLETED" if verdict else "RUNNING")
        for verdict in verdicts
    ]
    assert choose_conclusion(results, "rejected") == expected
