"""How results become the conclusion of a check run: one table, and the worst of several tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.domain.report import TaskResult

CheckConclusion = Literal["success", "neutral", "cancelled", "action_required", "failure"]

# From good to bad.
_ORDER: tuple[CheckConclusion, ...] = (
    "success",
    "neutral",
    "cancelled",
    "action_required",
    "failure",
)
_VERDICTS: dict[str, CheckConclusion] = {
    "accepted": "success",
    "weak": "neutral",
    "rejected": "failure",
}
# Tasks that ended without tests to judge; those that are not named failed.
_ENDS: dict[str | None, CheckConclusion] = {
    "cancelled": "cancelled",
    "needs_confirmation": "action_required",
}
_FINAL = {"COMPLETED", "FAILED"}
# Where `fail-on` says otherwise, by what it says and our verdict.
_OVERRULED: dict[tuple[str, str | None], CheckConclusion] = {
    ("weak", "weak"): "failure",
    ("failed", "rejected"): "neutral",
}


def choose_conclusion(results: Sequence[TaskResult], fail_on: str) -> CheckConclusion:
    """Choose the conclusion of the check run for these results; without any it is neutral.

    What ``fail_on`` lets pass marks no pull request red, and what it fails is not green.
    """
    chosen = [_choose_one(result, fail_on) for result in results]
    return max(chosen, key=_ORDER.index, default="neutral")


def _choose_one(result: TaskResult, fail_on: str) -> CheckConclusion:
    conclusion = _OVERRULED.get((fail_on, result["verdict"]), _conclude(result))
    return "neutral" if fail_on == "never" and conclusion != "success" else conclusion


def _conclude(result: TaskResult) -> CheckConclusion:
    """Conclude by our verdict; a task that has not ended asks somebody to collect it again."""
    if result["verdict"] is not None:
        return _VERDICTS.get(result["verdict"], "failure")
    if result["status"] not in _FINAL:
        return "action_required"
    return _ENDS.get(result["conclusion"], "failure")
