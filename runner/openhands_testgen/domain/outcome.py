"""How a report becomes an exit code: the decision table behind ``fail-on``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhands_testgen.domain.task import Conclusion
from openhands_testgen.domain.verdict import Verdict
from openhands_testgen.errors import EXIT_OK, EXIT_REJECTED, DeadlineError, TaskFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openhands_testgen.domain.confinement import Confined
    from openhands_testgen.domain.report import Report
    from openhands_testgen.domain.task import Work

# Which verdicts fail a step, by ``fail-on``; `failed` and `never` let every verdict pass.
_FAILING_VERDICTS = {
    "weak": {Verdict.WEAK, Verdict.REJECTED},
    "rejected": {Verdict.REJECTED},
    "failed": set(),
    "never": set(),
}


def choose_exit_code(report: Report, fail_on: str) -> int:
    """Choose the exit code of one task's report.

    ``fail-on: never`` lets every end of a task pass, the deadline too; a failure of the backend or
    the setup is no end of a task and stays.
    """
    if fail_on == "never" and (report.failure is None or _is_deadline(report)):
        return EXIT_OK
    if report.failure is not None:
        return report.failure.exit_code
    if report.verdict is not None:
        return choose_verdict_exit_code(report.verdict, fail_on)
    if report.state.conclusion is Conclusion.TIMED_OUT:
        return DeadlineError.exit_code
    return TaskFailedError.exit_code


def choose_verdict_exit_code(verdict: Verdict, fail_on: str) -> int:
    """Choose the exit code of a verdict."""
    return EXIT_REJECTED if verdict in _FAILING_VERDICTS[fail_on] else EXIT_OK


def _is_deadline(report: Report) -> bool:
    return isinstance(report.failure, DeadlineError)


def choose_worst(exit_codes: Iterable[int]) -> int:
    """Choose one exit code for several tasks: no answer outweighs a no, a no outweighs a yes."""
    codes = set(exit_codes)
    unanswered = codes - {EXIT_OK, EXIT_REJECTED}
    if unanswered:
        return min(unanswered)
    return EXIT_REJECTED if EXIT_REJECTED in codes else EXIT_OK


def explain_missing_tests(taken: Confined, work: Work) -> str:
    """Say that the agent ended without tests, and what it said itself."""
    claim = " ".join(work.final_message.split())[:300]
    said = f' Its last words were: "{claim}"' if claim else ""
    return f"The agent finished, but {taken.reason}.{said}"
