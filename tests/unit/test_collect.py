"""Collect: everything arrives once, nothing hides anything, nothing is lost."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from openhands_testgen.collect import Collector
from openhands_testgen.domain.polling import Pace
from openhands_testgen.domain.repair import MIN_REMAINING_SECONDS
from openhands_testgen.domain.snapshot import render_digest
from openhands_testgen.domain.task import (
    ChangedFile,
    Conclusion,
    Status,
    TaskState,
)
from openhands_testgen.domain.task_id import TaskId
from openhands_testgen.domain.verdict import Verdict, Verification
from openhands_testgen.errors import (
    AuthenticationError,
    BackendUnreachableError,
    ConfigurationError,
    DeadlineError,
    TaskIdError,
)
from openhands_testgen.wait import WaitPlan
from tests.fakes.backend import FakeBackend
from tests.fakes.surroundings import (
    FakeClock,
    FakeProject,
    FakeVerifier,
    RecordingArchive,
    RecordingProgress,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from openhands_testgen.domain.report import Report

pytestmark = pytest.mark.anyio
MODULE = b"def f(): return 1\n"
PLAN = WaitPlan(timeout_seconds=600, pace=Pace(5))
CONTENT = b"def test_it():\n    pass\n"
RUNNING, DONE = TaskState(Status.RUNNING), TaskState(Status.COMPLETED)


def make_verification(
    verdict: Verdict = Verdict.ACCEPTED, content: bytes = CONTENT
) -> Verification:
    return Verification(
        verdict=verdict,
        stages=(),
        cases=(),
        coverage=None,
        mutation=None,
        protections=(),
        warnings=(),
        content=content,
        attachments={"junit.xml": b"<testsuites/>"},
    )


@dataclass
class Scene:
    """A collector with all its surroundings in the hands of the test."""

    backend: FakeBackend = field(default_factory=FakeBackend)
    project: FakeProject = field(default_factory=lambda: FakeProject({"a.py": MODULE}))
    verifier: FakeVerifier = field(default_factory=lambda: FakeVerifier(make_verification()))
    archive: RecordingArchive = field(default_factory=RecordingArchive)
    progress: RecordingProgress = field(default_factory=RecordingProgress)
    clock: FakeClock = field(default_factory=FakeClock)
    fail_on: str = "rejected"
    max_repairs: int = 0
    reports: dict[str, Report] = field(default_factory=dict)

    def make_task(self, number: int = 1, *, known: bool = True) -> TaskId:
        task_id = TaskId(
            backend="fake",
            conversation_id=f"{number:032x}",
            module_path="a.py",
            output_path=f"tests/test_{number}.py",
            coverage_threshold=80,
            created_at=1_700_000_000,
            module_digest=render_digest(MODULE),
            output_digest="-",
        )
        if known:
            self.backend.orders[task_id.conversation_id] = None  # type: ignore[assignment]
        return task_id

    async def collect(self, *task_ids: TaskId, plan: WaitPlan = PLAN) -> list[Report]:
        collector = Collector(
            backend=self.backend,
            project=self.project,
            verifier=self.verifier,
            archive=self.archive,
            progress=self.progress,
            clock=self.clock,
            judging_slots=asyncio.Semaphore(2),
            has_secret=lambda content: b"planted-key" in content,
            fail_on=self.fail_on,
            max_repairs=self.max_repairs,
        )
        await collector.collect(task_ids, plan, self.reports)
        return [self.reports[task_id.conversation_id] for task_id in task_ids]


async def test_accepted_tests_are_delivered_and_archived() -> None:
    scene = Scene()
    (report,) = await scene.collect(scene.make_task())
    assert (report.verdict, report.conclusion, report.exit_code) == (
        Verdict.ACCEPTED,
        Conclusion.SUCCESS,
        0,
    )
    assert report.files == ("tests/test_1.py",)
    assert scene.project.files["tests/test_1.py"] == b"def test_it():\n    pass\n"
    ((stored, files),) = scene.archive.stored
    assert stored.conclusion is Conclusion.SUCCESS
    ours = {"module/a.py", "trajectory.zip", "junit.xml", "delivered.py"}
    assert set(files) == {"agent/tests/test_1.py", *ours}
    assert files["delivered.py"] == scene.project.files["tests/test_1.py"]
    assert report.results_dir == "/results/00000000"


async def test_rejected_tests_are_archived_but_not_delivered() -> None:
    scene = Scene(verifier=FakeVerifier(make_verification(Verdict.REJECTED)))
    (report,) = await scene.collect(scene.make_task())
    assert (report.conclusion, report.exit_code) == (Conclusion.REJECTED, 10)
    assert list(scene.project.files) == ["a.py"]
    assert "agent/tests/test_1.py" in scene.archive.stored[0][1]
    assert "delivered.py" not in scene.archive.stored[0][1]


async def test_tests_that_hold_a_key_are_neither_judged_nor_delivered() -> None:
    scene = Scene()
    content = b"# planted-key\n"
    scene.backend.files = (ChangedFile("tests/test_1.py", content),)
    (report,) = await scene.collect(scene.make_task())
    assert (report.conclusion, report.exit_code) == (Conclusion.REJECTED, 10)
    assert report.verification
    assert "holds a key" in report.verification.stages[0].reasons[0]
    assert scene.verifier.candidates == []
    assert list(scene.project.files) == ["a.py"]


async def test_a_changed_output_is_never_overwritten() -> None:
    scene = Scene()
    scene.project.files["tests/test_1.py"] = b"# somebody was faster\n"
    (report,) = await scene.collect(scene.make_task())
    assert scene.project.files["tests/test_1.py"] == b"# somebody was faster\n"
    assert report.files == ("tests/test_1_openhands.py",)
    assert "has changed since submit" in report.warnings[0]


async def test_a_changed_module_is_judged_as_it_is_and_said_so() -> None:
    scene = Scene(project=FakeProject({"a.py": b"def f(): return 2\n"}))
    (report,) = await scene.collect(scene.make_task())
    assert report.warnings == ("a.py has changed since submit; judged as it is now",)


async def test_a_missing_checkout_is_a_configuration_error() -> None:
    scene = Scene(project=FakeProject({}))
    (report,) = await scene.collect(scene.make_task())
    assert report.exit_code == 2
    assert "check the repository out" in str(report.error)
    assert "agent/tests/test_1.py" in scene.archive.stored[0][1]


async def test_a_claimed_file_that_is_not_there() -> None:
    files = (ChangedFile("tests/other.py", b"x"),)
    scene = Scene(backend=FakeBackend(files=files))
    (report,) = await scene.collect(scene.make_task())
    assert (report.conclusion, report.exit_code) == (Conclusion.NO_TESTS, 6)
    assert "the agent left no file at tests/test_1.py" in str(report.error)
    assert 'Its last words were: "All done."' in str(report.error)
    assert report.dropped[0][0] == "tests/other.py"
    assert scene.verifier.candidates == []


@pytest.mark.parametrize(
    "conclusion",
    [
        Conclusion.AGENT_ERROR,
        Conclusion.STUCK,
        Conclusion.NEEDS_CONFIRMATION,
        Conclusion.CANCELLED,
        Conclusion.OVER_BUDGET,
        Conclusion.LOST,
    ],
)
async def test_a_failed_task_is_reported_with_its_reason(conclusion: Conclusion) -> None:
    ended = TaskState(Status.FAILED, conclusion, error="the reason")
    scene = Scene(backend=FakeBackend(script=(ended,)))
    (report,) = await scene.collect(scene.make_task())
    assert (report.conclusion, report.exit_code) == (conclusion, 6)
    assert report.state.error == "the reason"
    assert scene.verifier.candidates == []


async def test_one_failing_task_hides_no_other() -> None:
    scene = Scene()
    reports = await scene.collect(
        scene.make_task(1), scene.make_task(2, known=False), scene.make_task(3)
    )
    assert [report.exit_code for report in reports] == [0, 8, 0]
    assert isinstance(reports[1].failure, TaskIdError)


@pytest.mark.parametrize(("verdict", "exit_code"), [(Verdict.ACCEPTED, 2), (Verdict.REJECTED, 10)])
async def test_a_report_that_cannot_be_kept_hides_no_other(
    verdict: Verdict, exit_code: int
) -> None:
    scene = Scene(verifier=FakeVerifier(make_verification(verdict)))
    scene.archive.faults.append(ConfigurationError("is full", field="results"))
    first, second = await scene.collect(scene.make_task(1), scene.make_task(2))
    assert (first.exit_code, first.error) == (exit_code, "results: is full")
    assert (first.verdict, first.results_dir) == (verdict, None)
    assert second.results_dir == "/results/00000000"
    assert len(scene.archive.stored) == 1


async def test_all_tasks_are_asked_for_at_once() -> None:
    scene = Scene()
    await scene.collect(*(scene.make_task(number) for number in range(99)))
    assert scene.backend.looks == [99, 99]


async def test_the_deadline_leaves_the_agent_running() -> None:
    scene = Scene(backend=FakeBackend(script=(RUNNING,)))
    plan = WaitPlan(timeout_seconds=30, pace=Pace(5))
    (report,) = await scene.collect(scene.make_task(), plan=plan)
    assert isinstance(report.failure, DeadlineError)
    assert isinstance(report.failure, TimeoutError)
    assert (report.exit_code, report.state.status) == (7, Status.RUNNING)
    assert "collect again with the same id" in str(report.error)
    assert scene.backend.cancelled == []
    assert sum(scene.clock.sleeps) == pytest.approx(30)


async def test_the_deadline_can_stop_the_agent() -> None:
    scene = Scene(backend=FakeBackend(script=(RUNNING,)))
    plan = WaitPlan(timeout_seconds=30, pace=Pace(5), cancel_on_timeout=True)
    task_id = scene.make_task()
    (report,) = await scene.collect(task_id, plan=plan)
    assert (report.conclusion, report.exit_code) == (Conclusion.TIMED_OUT, 7)
    assert scene.backend.cancelled == [task_id.conversation_id]


async def test_an_agent_that_could_not_be_stopped_goes_on() -> None:
    fault = BackendUnreachableError("down")
    scene = Scene(backend=FakeBackend(script=(RUNNING,), cancel_faults=[fault]))
    plan = WaitPlan(timeout_seconds=30, pace=Pace(5), cancel_on_timeout=True)
    first, second = await scene.collect(scene.make_task(1), scene.make_task(2), plan=plan)
    assert (first.exit_code, first.state.status, first.conclusion) == (7, Status.RUNNING, None)
    assert second.conclusion is Conclusion.TIMED_OUT
    assert "[00000000] a.py: could not stop the agent: down" in scene.progress.lines


async def test_collecting_again_after_the_deadline_works() -> None:
    scene = Scene(backend=FakeBackend(script=(RUNNING, RUNNING, RUNNING, DONE)))
    task_id = scene.make_task()
    (first,) = await scene.collect(task_id, plan=WaitPlan(1, Pace(1)))
    (again,) = await scene.collect(task_id)
    assert [first.exit_code, again.exit_code] == [7, 0]


async def test_a_backend_that_comes_and_goes_is_ridden_out() -> None:
    faults: list[Exception] = [BackendUnreachableError("down", retry_after_seconds=40)]
    scene = Scene(backend=FakeBackend(faults=[*faults, BackendUnreachableError("down")]))
    (report,) = await scene.collect(scene.make_task())
    assert report.exit_code == 0
    assert scene.clock.sleeps[0] == 40
    assert "waiting: down" in scene.progress.lines


@pytest.mark.parametrize("cancel_on_timeout", [False, True])
async def test_a_backend_that_was_never_reached_is_no_late_task(*, cancel_on_timeout: bool) -> None:
    faults: list[Exception] = [BackendUnreachableError("down") for _ in range(1_000)]
    scene = Scene(backend=FakeBackend(faults=faults))
    plan = WaitPlan(100, Pace(5), cancel_on_timeout)
    (report,) = await scene.collect(scene.make_task(), plan=plan)
    assert (report.exit_code, report.error) == (5, "down")
    assert sum(scene.clock.sleeps) == pytest.approx(100)


async def test_a_backend_that_stays_away_is_given_up_before_the_deadline() -> None:
    faults: list[Exception] = [BackendUnreachableError("down") for _ in range(1_000)]
    scene = Scene(backend=FakeBackend(faults=faults))
    (report,) = await scene.collect(scene.make_task(), plan=WaitPlan(600, Pace(5)))
    assert report.exit_code == 5
    assert report.error
    assert "has not answered for 180 s, so the wait ends here: down" in report.error
    assert "collect again with the same ids" in report.error
    assert 180 <= sum(scene.clock.sleeps) <= 185


async def test_each_answer_begins_the_silence_anew() -> None:
    down: list[Exception] = [
        BackendUnreachableError("down", retry_after_seconds=170),
        BackendUnreachableError("down"),
    ]
    backend = FakeBackend(script=(RUNNING, RUNNING, DONE), faults=list(down))
    scene = Scene(backend=backend)
    collecting = asyncio.ensure_future(
        scene.collect(scene.make_task(), plan=WaitPlan(600, Pace(5)))
    )
    while len(scene.backend.looks) < 4:
        await asyncio.sleep(0)
    backend.faults = list(down)
    (report,) = await collecting
    assert report.exit_code == 0


async def test_a_backend_that_went_away_leaves_a_late_task() -> None:
    scene = Scene(backend=FakeBackend(script=(RUNNING,)))
    plan = WaitPlan(100, Pace(5))
    collecting = asyncio.ensure_future(scene.collect(scene.make_task(), plan=plan))
    while not scene.backend.looks:
        await asyncio.sleep(0)
    scene.backend.faults += [BackendUnreachableError("down") for _ in range(1_000)]
    (report,) = await collecting
    assert (report.exit_code, report.state.status) == (7, Status.RUNNING)


async def test_a_refused_key_ends_the_wait_at_once() -> None:
    scene = Scene(backend=FakeBackend(faults=[AuthenticationError("wrong key")]))
    (report,) = await scene.collect(scene.make_task())
    assert (report.exit_code, report.error) == (4, "wrong key")
    assert scene.clock.sleeps == []


@pytest.mark.parametrize(
    ("fail_on", "verdict", "exit_code"),
    [
        ("weak", Verdict.ACCEPTED, 0),
        ("weak", Verdict.WEAK, 10),
        ("weak", Verdict.REJECTED, 10),
        ("rejected", Verdict.WEAK, 0),
        ("rejected", Verdict.REJECTED, 10),
        ("failed", Verdict.REJECTED, 0),
        ("never", Verdict.REJECTED, 0),
    ],
)
async def test_fail_on_verdicts(fail_on: str, verdict: Verdict, exit_code: int) -> None:
    scene = Scene(fail_on=fail_on, verifier=FakeVerifier(make_verification(verdict)))
    (report,) = await scene.collect(scene.make_task())
    assert report.exit_code == exit_code


@pytest.mark.parametrize(
    ("fail_on", "exit_code"), [("weak", 6), ("rejected", 6), ("failed", 6), ("never", 0)]
)
async def test_fail_on_failed_tasks(fail_on: str, exit_code: int) -> None:
    script = (TaskState(Status.FAILED, Conclusion.STUCK),)
    scene = Scene(fail_on=fail_on, backend=FakeBackend(script=script))
    (report,) = await scene.collect(scene.make_task())
    assert report.exit_code == exit_code


async def test_never_does_not_hide_a_broken_setup() -> None:
    scene = Scene(fail_on="never")
    (report,) = await scene.collect(scene.make_task(known=False))
    assert report.exit_code == 8


async def test_an_interruption_stops_the_agents_and_reports_them() -> None:
    scene = Scene(backend=FakeBackend(script=(RUNNING,)))
    task_id = scene.make_task()
    collecting = asyncio.ensure_future(scene.collect(task_id))
    while not scene.backend.looks:
        await asyncio.sleep(0)
    collecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await collecting
    assert scene.backend.cancelled == [task_id.conversation_id]
    report = scene.reports[task_id.conversation_id]
    assert (report.conclusion, report.exit_code) == (Conclusion.CANCELLED, 130)
    assert len(scene.archive.stored) == 1


async def test_two_collects_of_one_id_give_the_same() -> None:
    scene = Scene()
    task_id = scene.make_task()
    (first,), (second,) = await asyncio.gather(scene.collect(task_id), scene.collect(task_id))
    assert replace(first, results_dir=None) == replace(second, results_dir=None)
    assert list(scene.project.files) == ["a.py", "tests/test_1.py"]


async def test_progress_names_states_and_steps_once() -> None:
    script = (
        TaskState(Status.QUEUED),
        TaskState(Status.RUNNING, steps=1, step="reading"),
        TaskState(Status.RUNNING, steps=1, step="reading"),
        TaskState(Status.RUNNING, steps=2, step="writing"),
        DONE,
    )
    scene = Scene(backend=FakeBackend(script=script))
    await scene.collect(scene.make_task())
    said = [line.removeprefix("[00000000] a.py: ") for line in scene.progress.lines]
    assert said == [
        "QUEUED",
        "RUNNING",
        "step 1: reading",
        "step 2: writing",
        "COMPLETED",
        "judging tests/test_1.py",
        "accepted",
    ]


REJECTED = make_verification(Verdict.REJECTED, b"bad")


async def test_rejected_tests_are_mended_once_and_the_mended_ones_delivered() -> None:
    scene = Scene(max_repairs=1)
    scene.verifier.first = [REJECTED]
    (report,) = await scene.collect(scene.make_task())
    assert (report.verdict, report.repairs, report.exit_code) == (Verdict.ACCEPTED, 1, 0)
    assert len(scene.backend.told) == 1
    assert scene.project.files["tests/test_1.py"] == CONTENT
    assert len(scene.archive.stored) == 1


async def test_accepted_tests_are_not_mended() -> None:
    scene = Scene(max_repairs=5)
    (report,) = await scene.collect(scene.make_task())
    assert (report.repairs, scene.backend.told) == (0, [])


async def test_what_stays_rejected_is_mended_no_more_often_than_asked_for() -> None:
    scene = Scene(max_repairs=2, verifier=FakeVerifier(REJECTED))
    (report,) = await scene.collect(scene.make_task())
    assert (report.verdict, report.repairs, report.exit_code) == (Verdict.REJECTED, 2, 10)


async def test_without_repairs_the_first_verdict_stands() -> None:
    scene = Scene(verifier=FakeVerifier(REJECTED))
    (report,) = await scene.collect(scene.make_task())
    assert (report.verdict, report.repairs, scene.backend.told) == (Verdict.REJECTED, 0, [])


async def test_the_better_of_two_attempts_counts() -> None:
    scene = Scene(max_repairs=1, verifier=FakeVerifier(REJECTED))
    scene.verifier.first = [make_verification(Verdict.WEAK, b"weak")]
    (report,) = await scene.collect(scene.make_task())
    assert (report.verdict, report.repairs) == (Verdict.WEAK, 1)
    assert scene.project.files["tests/test_1.py"] == b"weak"


async def test_an_attempt_that_does_not_end_in_time_leaves_the_first_and_is_stopped() -> None:
    scene = Scene(max_repairs=1, verifier=FakeVerifier(REJECTED))
    scene.verifier.first = [make_verification(Verdict.WEAK, b"weak")]
    task_id = scene.make_task()
    collecting = asyncio.ensure_future(scene.collect(task_id))
    while not scene.backend.told:
        await asyncio.sleep(0)
    scene.backend.script = (RUNNING,)
    (report,) = await collecting
    assert (report.verdict, report.exit_code) == (Verdict.WEAK, 0)
    assert scene.backend.cancelled == [task_id.conversation_id]


async def test_no_time_left_is_no_time_to_mend() -> None:
    scene = Scene(max_repairs=1, verifier=FakeVerifier(REJECTED))
    plan = WaitPlan(timeout_seconds=MIN_REMAINING_SECONDS - 1, pace=Pace(5))
    (report,) = await scene.collect(scene.make_task(), plan=plan)
    assert (report.repairs, scene.backend.told) == (0, [])


async def test_an_agent_that_cannot_be_told_leaves_the_first_verdict() -> None:
    scene = Scene(max_repairs=1, verifier=FakeVerifier(REJECTED))
    scene.backend.deaf = True
    (report,) = await scene.collect(scene.make_task())
    assert (report.verdict, report.repairs) == (Verdict.REJECTED, 0)
    assert any("could not be told" in line for line in scene.progress.lines)
