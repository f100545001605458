"""Judge a test file: stage after stage, cheapest first, on copies, confined."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from openhands_testgen.domain.verdict import Verdict, Verification, decide
from openhands_testgen.errors import ConfigurationError
from openhands_testgen.sandbox.forkservers import ForkServers
from openhands_testgen.sandbox.interpreter import Interpreter, find_interpreter
from openhands_testgen.sandbox.python import RunLimits, SandboxedPython
from openhands_testgen.sandbox.workbench import open_workbench
from openhands_testgen.verification.budget import Budget
from openhands_testgen.verification.docket import Docket
from openhands_testgen.verification.junit import render_junit
from openhands_testgen.verification.lane import Lane
from openhands_testgen.verification.lanes import open_lanes
from openhands_testgen.verification.ledger import Ledger
from openhands_testgen.verification.plan import VerdictPlan
from openhands_testgen.verification.programs import PROGRAMS
from openhands_testgen.verification.recording import find_place
from openhands_testgen.verification.runs import Runs, list_seeds
from openhands_testgen.verification.stages import mutation
from openhands_testgen.verification.stages.coverage import join_coverage
from openhands_testgen.verification.stages.parse import judge_source
from openhands_testgen.verification.stages.rules import list_existing
from openhands_testgen.verification.trial import Trial

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from openhands_testgen.domain.verdict import Candidate
    from openhands_testgen.sandbox.interpreter import InstallOverlay


@dataclass(slots=True)
class SandboxedVerifier:
    """Judges test files with the user's interpreter.

    ``python`` is a name on PATH or a path; ``environment`` is our own, of which judged code sees
    a few names. ``install_overlay`` takes an interpreter that lacks pytest or coverage and returns
    the folder where they are for it. ``left_out`` are absolute paths that are not copied, such as
    the results folder; ``scratch`` is where copies are made.
    """

    python: str
    environment: Mapping[str, str]
    install_overlay: InstallOverlay
    plan: VerdictPlan = field(default_factory=VerdictPlan)
    limits: RunLimits = field(default_factory=RunLimits)
    left_out: tuple[Path, ...] = ()
    scratch: Path | None = None
    _interpreters: dict[Path, Interpreter] = field(default_factory=dict)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _fork_servers: ForkServers | None = None

    @asynccontextmanager
    async def open(self, project: Path) -> AsyncIterator[None]:
        """Make ready to judge test files of a project while there is nothing to judge yet.

        What that starts is shared by all verdicts, and ends with the context.
        """
        self._fork_servers = fork_servers = ForkServers(self.scratch, PROGRAMS)
        warming_up = asyncio.create_task(self._warm_up(project, fork_servers))
        try:
            yield
        finally:
            self._fork_servers = None
            warming_up.cancel()
            await asyncio.gather(warming_up, return_exceptions=True)
            await fork_servers.close()

    async def _warm_up(self, project: Path, fork_servers: ForkServers) -> None:
        """Start one server after the other; a bad interpreter is told of when there is a file."""
        with suppress(ConfigurationError):
            interpreter = await self._get_interpreter(project)
            for seed in (0, *list_seeds(self.plan.reruns)):
                await fork_servers.find(interpreter, self.environment, seed)

    async def verify(self, candidate: Candidate) -> Verification:
        """Judge one test file; whatever it does, it ends in a verdict.

        Raises:
            ConfigurationError: the interpreter, the project's folder or the sandbox is not usable.

        """
        parsed = judge_source(candidate.content)
        if not parsed.stage.passed:
            return Verification(Verdict.REJECTED, (parsed.stage,))
        protected = frozenset(list_existing(candidate.base))
        docket = Docket(Ledger(candidate.output_path, candidate.content, protected))
        docket.add(parsed.stage)
        interpreter = await self._get_interpreter(candidate.project)

        @asynccontextmanager
        async def open_lane() -> AsyncIterator[Lane]:
            async with open_workbench(candidate.project, self.left_out, self.scratch) as bench:
                python = SandboxedPython(
                    interpreter, bench, self.limits, self.environment, self._fork_servers
                )
                yield Lane(python, candidate.project, self.left_out)

        async with open_lanes(open_lane) as lanes:
            python = lanes.first.python
            _check_module(python, candidate)
            if self.plan.is_sandbox_required:
                await check_sandbox(python)
            budget = Budget(self.plan.timeout_seconds)
            place = find_place(python.bench, candidate)
            trial = Trial(docket, Runs(lanes, candidate, place, budget), self.plan)
            await trial.hear()
        return conclude(trial)

    async def _get_interpreter(self, project: Path) -> Interpreter:
        """Ask once for each project, also when several files are judged side by side."""
        async with self._asking:
            if project not in self._interpreters:
                self._interpreters[project] = await find_interpreter(
                    self.python, project, self.environment, self.install_overlay
                )
            return self._interpreters[project]


async def check_sandbox(python: SandboxedPython) -> None:
    """Run a harmless program to see what protects this machine from others.

    Raises:
        ConfigurationError: a protection is missing; the message says which.

    """
    _, protections = await python.run(["-I", "-S", "-c", ""], cwd=python.bench.ours)
    missing = protections.warn()
    if missing:
        message = (
            f"not all protections are in force here: {'; '.join(missing)}; judge on a Linux that "
            "has them (5.13 or newer, with user namespaces), or set `sandbox: auto`"
        )
        raise ConfigurationError(message, field="sandbox")


def conclude(trial: Trial) -> Verification:
    """Return the judgement, with all that was found on the way."""
    docket, now, before = trial.docket, trial.coverage, trial.before
    cases = docket.ledger.cases
    files = {**trial.files, "junit.xml": render_junit(cases, docket.ledger.output_path)}
    protections = trial.protections
    verdict = decide(docket.stages.values(), trial.mutation, trial.plan.mutation_threshold)
    # A stage that only weakens rejects nothing, but its reasons are to be seen.
    weak = mutation.NAME if verdict is Verdict.WEAK else ""
    return Verification(
        verdict=verdict,
        stages=tuple(
            replace(stage, passed=False) if stage.name == weak else stage
            for stage in docket.stages.values()
        ),
        content=trial.content,
        cases=cases,
        coverage=now,
        coverage_before=before.percent if before else None,
        coverage_gained=join_coverage(before, now) - before.percent if before and now else None,
        mutation=trial.mutation,
        protections=protections.describe() if protections else (),
        warnings=protections.warn() if protections else (),
        attachments={name: content for name, content in files.items() if content},
    )


def _check_module(python: SandboxedPython, candidate: Candidate) -> None:
    if not (python.bench.project / candidate.module_path).is_file():
        message = f"{candidate.module_path} is not in {candidate.project}"
        raise ConfigurationError(message, field="working-directory")
