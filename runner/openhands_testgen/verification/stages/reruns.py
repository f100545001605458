"""Stage *reruns*: every test passes in any order, in a fresh process, with other string hashes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from openhands_testgen.domain.verdict import Outcome, Problem
from openhands_testgen.verification.stages.run import Judged, judge_run, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.domain.verdict import CaseResult
    from openhands_testgen.verification.recording import RunRecord

NAME = "reruns"
REMEDY = (
    "let it set up all that it needs and depend neither on other tests nor on the order of sets, "
    "on time or on chance"
)


def judge_reruns(records: Sequence[RunRecord], output_path: str) -> Judged:
    """Decide which tests are flaky: those that do not pass in each of the runs.

    All tests passed once before, so whatever does not pass now is flaky, and only that is among
    the cases. A problem of the whole file in one run is a problem of it in all.
    """
    flaky: dict[str, CaseResult] = {}
    for number, record in enumerate(records, start=1):
        judged = judge_run(record, (), output_path)
        if judged.problems:
            place = f"in rerun {number} of {len(records)}, "
            problems = [replace(one, reason=place + one.reason) for one in judged.problems]
            return Judged(tuple(problems))
        for case in judged.cases:
            if not case.is_sound:
                flaky.setdefault(case.name, _explain(case, number, len(records)))
    return Judged((), tuple(flaky.values()), is_complete=True)


def _explain(case: CaseResult, number: int, total: int) -> CaseResult:
    said = "; ".join(problem.reason for problem in case.problems) or shorten(case.message)
    reason = (
        f"passed at first, but not in rerun {number} of {total} (other order and hashes): {said}"
    )
    problem = Problem("flaky", reason, REMEDY)
    return replace(case, outcome=Outcome.FLAKY, problems=(problem,))
