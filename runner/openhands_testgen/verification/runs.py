"""All runs of one test file: on which lane, for how long, with what beside."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from openhands_testgen.sandbox.workbench import read_foreign
from openhands_testgen.verification.budget import LEAST_SECONDS
from openhands_testgen.verification.programs import MARGIN_SECONDS, NO_TIME
from openhands_testgen.verification.recording import RunPlan, choose_plugins, run_tests
from openhands_testgen.verification.stages import gain
from openhands_testgen.verification.stages.coverage import measure
from openhands_testgen.verification.stages.mutation import MutationPlan, run_mutation
from openhands_testgen.verification.stages.sabotage import SECONDS as SABOTAGE_SECONDS
from openhands_testgen.verification.stages.sabotage import run_sabotage

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from openhands_testgen.domain.verdict import Candidate, Coverage
    from openhands_testgen.sandbox.python import SandboxedPython
    from openhands_testgen.verification.budget import Budget
    from openhands_testgen.verification.lane import Lane
    from openhands_testgen.verification.lanes import Lanes
    from openhands_testgen.verification.recording import Place, RunRecord
    from openhands_testgen.verification.stages.mutation import MutationRecord
    from openhands_testgen.verification.stages.sabotage import SabotageRecord

DATA = "coverage.data"
MAX_MODULE_BYTES = 5_000_000
SEED_OF_TRACE, SEED_OF_SECOND_TIME = 1, 2


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

    async def rerun(self, content: bytes, count: int) -> tuple[list[RunRecord], Coverage | None]:
        """Run the tests so many times, each time in another order and a fresh process.

        The second time they find what they left the first time; one time their lines are traced.
        Beside that, measure what the project's existing tests reach; ``None`` if there are none.
        """
        existing = gain.find_existing_tests(self.candidate, self.place.import_name)
        records: dict[int, RunRecord] = {}
        before: list[Coverage | None] = []

        async def run(seeds: Sequence[int], lane: Lane) -> None:
            lane.put(self.candidate.output_path, content)
            for seed in seeds:
                plan = replace(
                    self._plan(content),
                    seed=seed,
                    keeps_data=seed == SEED_OF_SECOND_TIME,
                    is_traced=seed == SEED_OF_TRACE,
                )
                records[seed] = await run_tests(lane, self.candidate, plan)

        async def measure_existing(lane: Lane) -> None:
            limit = min(gain.MAX_SECONDS, self.budget.take_run())
            plan = replace(self._plan(content), files=existing, timeout_seconds=limit)
            before.append(await gain.measure_existing(lane, self.candidate, plan))

        seeds = list_seeds(count)
        jobs = [partial(run, one) for one in (seeds[:2], *((seed,) for seed in seeds[2:])) if one]
        await self.lanes.run_all([*jobs, *([measure_existing] if existing else [])])
        return [records[seed] for seed in sorted(records)], (before[0] if before else None)

    async def sabotage(self, content: bytes) -> SabotageRecord:
        """Run the tests on a module that does nothing."""
        python, candidate, roots = self._prepare(content, self.budget.take(SABOTAGE_SECONDS))
        plugins = choose_plugins(content)
        record = await run_sabotage(python, candidate, roots, plugins=plugins)
        if record.problem == NO_TIME:
            self.budget.take(LEAST_SECONDS)  # it may be that none is left at all
        return record

    async def mutate(
        self, content: bytes, covered_lines: Collection[int], mutants: int
    ) -> MutationRecord:
        """Run the tests on mutants of the module, as many as the time allows."""
        seconds = max(self.budget.remaining_seconds - MARGIN_SECONDS, 0)
        python, candidate, roots = self._prepare(content, seconds)
        plan = MutationPlan(mutants=mutants, seconds=seconds)
        plugins = choose_plugins(content)
        return await run_mutation(python, candidate, roots, covered_lines, plan, plugins=plugins)

    def _prepare(
        self, content: bytes, seconds: float
    ) -> tuple[SandboxedPython, Candidate, tuple[Path, ...]]:
        lane = self.lanes.first
        lane.put(self.candidate.output_path, content)
        lane.reset()
        python, project = lane.limit(seconds), lane.python.bench.project
        roots = tuple(project / root for root in self.place.roots)
        return python, replace(self.candidate, content=content), roots

    def read_module(self) -> bytes:
        """Return the source of the module under test, as it stands in the project."""
        path = self.candidate.project / self.candidate.module_path
        return read_foreign(path, MAX_MODULE_BYTES) or b""

    def _plan(self, content: bytes) -> RunPlan:
        return RunPlan(
            files=(self.candidate.output_path,),
            roots=self.place.roots,
            plugins=choose_plugins(content),
            timeout_seconds=self.budget.take_run(self._last_seconds),
        )


def list_seeds(reruns: int) -> range:
    """List the seeds of the reruns; a run in the file's order has none, which counts as 0."""
    return range(1, reruns + 1)
