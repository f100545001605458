"""The use case *collect*: wait for tasks, judge what came back, deliver it, keep everything."""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from openhands_testgen.domain.confinement import confine
from openhands_testgen.domain.delivery import DELIVERED_FILE, choose_target
from openhands_testgen.domain.outcome import choose_exit_code, explain_missing_tests
from openhands_testgen.domain.repair import rank, render_repair, should_repair
from openhands_testgen.domain.report import Report, conclude, label, render_end
from openhands_testgen.domain.snapshot import render_digest
from openhands_testgen.domain.task import Conclusion, Status, TaskState
from openhands_testgen.domain.verdict import Candidate, refuse_secret
from openhands_testgen.errors import (
    EXIT_INTERRUPTED,
    ConfigurationError,
    DeadlineError,
    GenerationError,
)
from openhands_testgen.wait import Arrival, Wait, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from openhands_testgen.domain.ports import (
        Archive,
        Backend,
        Clock,
        Progress,
        Project,
        Verifier,
    )
    from openhands_testgen.domain.task import Work
    from openhands_testgen.domain.task_id import TaskId
    from openhands_testgen.wait import WaitPlan

CANCEL_SECONDS = 6.0
CANCELLED = TaskState(
    Status.FAILED, Conclusion.CANCELLED, error="The wait was interrupted and the agent stopped."
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one attempt of the agent came to; ``files`` go into the results folder."""

    report: Report
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Collector:
    """Waits for tasks of one backend and judges each as it arrives."""

    backend: Backend
    project: Project
    verifier: Verifier
    archive: Archive
    progress: Progress
    clock: Clock
    judging_slots: asyncio.Semaphore
    has_secret: Callable[[bytes], bool]
    fail_on: str = "rejected"
    max_repairs: int = 0
    _attempts: dict[str, Attempt] = field(default_factory=dict)
    _repairs: Counter[str] = field(default_factory=Counter)

    async def collect(
        self, task_ids: Sequence[TaskId], plan: WaitPlan, reports: dict[str, Report]
    ) -> None:
        """Put a report for each task into ``reports``, by conversation id, as it arrives.

        One task's failure never hides another's. Cancelling this coroutine stops the agents of
        all tasks that have not ended, and reports those too, before it ends.
        """
        wait = Wait(self.backend, self.progress, self.clock, plan)
        async with self.verifier.open(self.project.root):
            try:
                await wait.run(task_ids, partial(self._settle, reports))
            except asyncio.CancelledError:
                await wait.abandon()
                await self._interrupt(wait.unfinished, reports)
                raise

    async def _settle(self, reports: dict[str, Report], arrival: Arrival) -> bool:
        """Bring one task to its report, or have its agent mend the tests and wait for it again."""
        key, since = arrival.task_id.conversation_id, self.clock.monotonic()
        before = self._attempts.get(key)
        attempt = await self._attempt(arrival)
        best = max(before, attempt, key=rank_attempt) if before else attempt
        self._attempts[key] = best
        remaining_seconds = arrival.remaining_seconds - (self.clock.monotonic() - since)
        if await self._repair(attempt.report, remaining_seconds):
            return True
        if before and not arrival.state.status.is_final:
            await stop(self.backend, arrival.task_id, self.progress)
        reports[key] = self._finish(best)
        return False

    async def _attempt(self, arrival: Arrival) -> Attempt:
        """Judge what one attempt of the agent left, whatever happens on the way."""
        task_id, state = arrival.task_id, arrival.state
        try:
            _raise_if_futile(arrival)
            async with self.judging_slots:
                return await self._judge(task_id, state)
        except GenerationError as failure:
            return Attempt(_report_failure(task_id, state, failure))
        except Exception as bug:  # noqa: BLE001 - a bug on one task must not hide the others
            return Attempt(_report_failure(task_id, state, _restate_bug(bug)))

    async def _repair(self, report: Report, remaining_seconds: float) -> bool:
        """Tell the agent what is wrong with its tests, if that may help; return whether it was."""
        task_id, judged = report.task_id, report.verification
        repairs = self._repairs[task_id.conversation_id]
        if judged is None or not should_repair(
            report.verdict,
            repairs=repairs,
            max_repairs=self.max_repairs,
            remaining_seconds=remaining_seconds,
        ):
            return False
        try:
            await self.backend.tell(task_id, render_repair(judged, task_id.output_path))
        except GenerationError as error:
            self.progress.say(f"{label(task_id)}: the agent could not be told to mend it: {error}")
            return False
        self._repairs[task_id.conversation_id] += 1
        self.progress.say(f"{label(task_id)}: {report.verdict}; the agent mends its tests")
        return True

    def _finish(self, best: Attempt) -> Report:
        """Deliver and keep the best attempt of a task."""
        task_id = best.report.task_id
        report = replace(best.report, repairs=self._repairs[task_id.conversation_id])
        files = best.files
        judged = report.verification
        if judged is not None and report.is_success:
            report = self._deliver(report, judged.content)
            files = {**files, DELIVERED_FILE: judged.content}
        report = replace(report, exit_code=choose_exit_code(report, self.fail_on))
        report = self._store(report, files)
        self.progress.say(f"{label(task_id)}: {render_end(report)}")
        return report

    async def _judge(self, task_id: TaskId, state: TaskState) -> Attempt:
        if not state.status.is_final:
            return Attempt(_report_deadline(task_id, state))
        if state.conclusion is Conclusion.LOST:
            return Attempt(Report(task_id, state, state.conclusion))
        work = await self.backend.get_work(task_id)
        taken = confine(work.files, task_id.output_path)
        report = Report(
            task_id,
            state,
            conclude(state, None),
            dropped=taken.dropped,
            final_message=work.final_message,
        )
        files = self._list_files(task_id, work)
        if state.status is Status.FAILED:
            return Attempt(report, files)
        if taken.content is None:
            return Attempt(replace(report, error=explain_missing_tests(taken, work)), files)
        try:
            return await self._verify(report, taken.content, files)
        except GenerationError as failure:
            return Attempt(replace(report, error=str(failure), failure=failure), files)

    async def _verify(self, report: Report, content: bytes, files: Mapping[str, bytes]) -> Attempt:
        task_id = report.task_id
        report = replace(report, warnings=self._compare_module(task_id))
        self.progress.say(f"{label(task_id)}: judging {task_id.output_path}")
        if self.has_secret(content):
            verification = refuse_secret()
        else:
            verification = await self.verifier.verify(self._make_candidate(task_id, content))
        report = replace(
            report,
            verification=verification,
            conclusion=conclude(report.state, verification.verdict),
        )
        return Attempt(report, {**files, **verification.attachments})

    def _make_candidate(self, task_id: TaskId, content: bytes) -> Candidate:
        before = self.project.read(task_id.output_path)
        return Candidate(
            project=self.project.root,
            module_path=task_id.module_path,
            output_path=task_id.output_path,
            content=content,
            coverage_threshold=task_id.coverage_threshold,
            base=before if render_digest(before) == task_id.output_digest else None,
        )

    def _deliver(self, report: Report, content: bytes) -> Report:
        """Write the sound tests, unless that fails: then the report says so and stays."""
        task_id = report.task_id
        present = self.project.read(task_id.output_path)
        target, warning = choose_target(
            task_id.output_path, task_id.output_digest, present, content
        )
        try:
            self.project.write(target, content)
        except GenerationError as failure:
            return replace(report, error=str(failure), failure=failure)
        warnings = (*report.warnings, warning) if warning else report.warnings
        return replace(report, files=(target,), warnings=warnings)

    def _list_files(self, task_id: TaskId, work: Work) -> dict[str, bytes]:
        """List what is worth keeping: the agent's files, what stood before them, the records."""
        files = {
            f"agent/{file.path}": file.content for file in work.files if file.content is not None
        }
        before = self.project.read(task_id.output_path)
        if before is not None and render_digest(before) == task_id.output_digest:
            files[f"base/{task_id.output_path}"] = before
        module = self.project.read(task_id.module_path)
        if module is not None:
            files[f"module/{task_id.module_path}"] = module
        return files | work.records

    def _compare_module(self, task_id: TaskId) -> tuple[str, ...]:
        present = self.project.read(task_id.module_path)
        if present is None:
            message = (
                f"{task_id.module_path} is not in {self.project.root}; "
                "check the repository out before collect, at the commit that was submitted"
            )
            raise ConfigurationError(message, field="working-directory")
        if render_digest(present) == task_id.module_digest:
            return ()
        return (f"{task_id.module_path} has changed since submit; judged as it is now",)

    async def _interrupt(self, task_ids: Sequence[TaskId], reports: dict[str, Report]) -> None:
        """Stop the agents within the seconds that a cancelled workflow leaves us."""
        for task_id in task_ids:
            self.progress.say(f"{label(task_id)}: stopping the agent")
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                await asyncio.gather(*(stop(self.backend, one, self.progress) for one in task_ids))
        except TimeoutError:
            self.progress.say("the backend did not confirm in time that the agents were stopped")
        for task_id in task_ids:
            report = Report(task_id, CANCELLED, Conclusion.CANCELLED, exit_code=EXIT_INTERRUPTED)
            reports[task_id.conversation_id] = self._store(report, {})

    def _store(self, report: Report, files: Mapping[str, bytes]) -> Report:
        """Keep a report; one that cannot be kept is a failure of its own, and hides no other."""
        try:
            folder = self.archive.store(report, files)
        except GenerationError as failure:
            self.progress.say(f"{label(report.task_id)}: {failure}")
            code = report.exit_code or failure.exit_code
            return replace(report, error=str(failure), failure=failure, exit_code=code)
        return replace(report, results_dir=str(folder))


def rank_attempt(attempt: Attempt) -> tuple[float, ...]:
    """Rank an attempt by its verdict; of two equal ones ``max`` takes the first."""
    return rank(attempt.report.verification)


def _raise_if_futile(arrival: Arrival) -> None:
    if arrival.error is not None:
        raise arrival.error


def _report_deadline(task_id: TaskId, state: TaskState) -> Report:
    message = (
        f"The deadline passed while the task was {state.status}. The agent goes on: collect again "
        "with the same id, or with a longer `timeout`."
    )
    return _report_failure(task_id, state, DeadlineError(message))


def _report_failure(task_id: TaskId, state: TaskState, failure: GenerationError) -> Report:
    return Report(task_id, state, conclude(state, None), error=str(failure), failure=failure)


def _restate_bug(bug: Exception) -> GenerationError:
    """Restate a bug of ours as the failure of one task."""
    place = traceback.extract_tb(bug.__traceback__)[-1]
    failure = GenerationError(
        f"This is a bug of openhands-testgen: {type(bug).__name__}: {bug} "
        f"({place.name}, line {place.lineno}). Please report it; collect again with the same id."
    )
    failure.__cause__ = bug
    return failure
