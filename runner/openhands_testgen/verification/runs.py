"""All runs of one test file: on which lane, for how long, with what beside."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from openhands_testgen.verification.recording import RunPlan, choose_plugins, run_tests
from openhands_testgen.verification.stages import gain
from openhands_testgen.verification.stages.coverage import measure

if TYPE_CHECKING:
    from openhands_testgen.domain.verdict import Candidate, Coverage
    from openhands_testgen.verification.budget import Budget
    from openhands_testgen.verification.lane import Lane
    from openhands_testgen.verification.lanes import Lanes
    from openhands_testgen.verification.recording import Place, RunRecord

DATA = "coverage.data"


@dataclass(frozen=True, slots=True)
class Measured:
    """One run and the coverage that it reached; ``report`` is coverage.py's JSON."""

    record: RunRecord
    coverage: Coverage | None
    report: bytes


@dataclass(slots=True)
class Runs:
    """Runs what is left of a file. Raises OutOfTimeError where no time is left for a run."""

    lanes: Lanes
    candidate: Candidate
    place: Place
    budget: Budget
    _last_seconds: float | None = field(default=None)

    async def run(self, content: bytes) -> Measured:
        """Run the tests once as they stand in the file, and measure what they reach."""
        lane = self.lanes.first
        lane.put(self.candidate.output_path, content)
        plan = replace(self._plan(content), data=DATA)
        began = time.monotonic()
        record = await run_tests(lane, self.candidate, plan)
        self._last_seconds = time.monotonic() - began
        if record.journal.forgery or not record.journal.is_complete:
            return Measured(record, None, b"")
        python = lane.limit(self.budget.take(plan.timeout_seconds))
        return Measured(record, *await measure(python, self.candidate.module_path, DATA))

    async def rerun(self, content: bytes, count: int) -> list[RunRecord]:
        """Run the tests so many times, each time in another order and a fresh process."""

        async def run(seed: int, lane: Lane) -> RunRecord:
            lane.put(self.candidate.output_path, content)
            return await run_tests(lane, self.candidate, replace(self._plan(content), seed=seed))

        return await self.lanes.run_all([partial(run, seed) for seed in range(1, count + 1)])

    async def measure_existing(self, content: bytes) -> Coverage | None:
        """Measure what the project's existing tests reach; ``None`` where there are none."""
        files = gain.find_existing_tests(self.candidate, self.place.import_name)
        if not files:
            return None
        limit = min(gain.MAX_SECONDS, self.budget.take_run())
        plan = replace(self._plan(content), files=files, timeout_seconds=limit)
        return await gain.measure_existing(self.lanes.first, self.candidate, plan)

    def _plan(self, content: bytes) -> RunPlan:
        return RunPlan(
            files=(self.candidate.output_path,),
            roots=self.place.roots,
            plugins=choose_plugins(content),
            timeout_seconds=self.budget.take_run(self._last_seconds),
        )
