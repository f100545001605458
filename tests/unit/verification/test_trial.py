"""The way through the stages: what is asked, in which order, and what each answer leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from openhands_testgen.domain.verdict import Coverage, Outcome, Verdict, Verification
from openhands_testgen.verification.docket import Docket
from openhands_testgen.verification.ledger import Ledger
from openhands_testgen.verification.plan import VerdictPlan
from openhands_testgen.verification.trial import Trial
from openhands_testgen.verification.verify import conclude
from tests.fakes.runs import PATH, FakeRuns

if TYPE_CHECKING:
    from openhands_testgen.verification.runs import Runs

pytestmark = pytest.mark.anyio
ALL_STEPS = ["run", "rerun", "sabotage", "mutate"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def write(*names: str) -> bytes:
    return "\n\n".join(f"def {name}():\n    assert f() == 1\n" for name in names).encode()


async def hear(runs: FakeRuns, plan: VerdictPlan | None = None) -> Verification:
    docket = Docket(Ledger(PATH, runs.content))
    trial = Trial(docket, cast("Runs", runs), plan or VerdictPlan(reruns=2))
    await trial.hear()
    return conclude(trial)


def get_outcomes(verification: Verification) -> dict[str, Outcome]:
    return {case.name.removeprefix(f"{PATH}::"): case.outcome for case in verification.cases}


def find_failed(verification: Verification) -> tuple[str, str]:
    (stage,) = [stage for stage in verification.stages if not stage.passed]
    return stage.name, " ".join(stage.reasons)


async def test_a_sound_file_goes_through_once() -> None:
    runs = FakeRuns(write("test_a", "test_b"))
    verification = await hear(runs)
    assert verification.verdict is Verdict.ACCEPTED
    assert verification.content == runs.content
    assert runs.steps == ALL_STEPS
    names = [stage.name for stage in verification.stages]
    assert names == ["rules", "run", "reruns", "coverage", "sabotage", "mutation"]
    assert set(verification.attachments) == {"pytest.log", "coverage.json", "junit.xml"}
    assert verification.mutation is not None
    assert verification.mutation.score == 80


@pytest.mark.parametrize(
    ("bad", "outcome", "steps"),
    [
        ("test_fails", Outcome.FAILED, ["run", *ALL_STEPS]),
        ("test_ends", Outcome.MISSING, ["run", *ALL_STEPS]),
        ("test_flaky", Outcome.FLAKY, ["run", "rerun", "sabotage", "run", "mutate"]),
        ("test_vacuous", Outcome.VACUOUS, ["run", "rerun", "sabotage", "run", "mutate"]),
    ],
)
async def test_an_unsound_test_is_left_out_and_the_rest_run_again(
    bad: str, outcome: Outcome, steps: list[str]
) -> None:
    runs = FakeRuns(write("test_a", bad, "test_b"))
    verification = await hear(runs)
    assert verification.verdict is Verdict.ACCEPTED
    assert get_outcomes(verification) == {
        "test_a": Outcome.PASSED,
        bad: outcome,
        "test_b": Outcome.PASSED,
    }
    assert verification.content == write("test_a", "test_b")
    assert runs.steps == steps


@pytest.mark.parametrize("bad", ["test_fails", "test_ends", "test_flaky", "test_vacuous"])
async def test_with_nothing_left_the_file_is_rejected(bad: str) -> None:
    verification = await hear(FakeRuns(write(bad)))
    assert verification.verdict is Verdict.REJECTED
    assert "no sound test is left" in find_failed(verification)[1]
    assert verification.content == b""


async def test_a_rule_refuses_before_anything_runs() -> None:
    runs = FakeRuns(b"def test_a():\n    assert True\n")
    verification = await hear(runs)
    assert find_failed(verification)[0] == "rules"
    assert runs.steps == []


async def test_existing_tests_have_to_stay() -> None:
    runs = FakeRuns(write("test_a"), base=write("test_old"))
    stage, reason = find_failed(await hear(runs))
    assert (stage, runs.steps) == ("rules", [])
    assert "removes test_old" in reason


async def test_tests_that_go_on_breaking_the_run_come_to_an_end() -> None:
    runs = FakeRuns(write("test_a", *(f"test_ends_{number}" for number in range(9))))
    verification = await hear(runs)
    assert find_failed(verification)[0] == "run"
    assert runs.steps == ["run"] * 6


async def test_a_forged_record_rejects_the_file() -> None:
    verification = await hear(FakeRuns(write("test_a"), forgery="made up"))
    assert find_failed(verification)[0] == "run"
    assert verification.verdict is Verdict.REJECTED


async def test_too_little_coverage_rejects_before_the_dear_stages() -> None:
    runs = FakeRuns(write("test_a"), threshold=95)
    stage, reason = find_failed(await hear(runs))
    assert stage == "coverage"
    assert "95% are asked for" in reason
    assert runs.steps == ["run", "rerun"]


async def test_coverage_that_nobody_else_saw_rejects() -> None:
    stage, reason = find_failed(await hear(FakeRuns(write("test_a"), traced=(1, 2))))
    assert stage == "coverage"
    assert "made up" in reason
    assert (await hear(FakeRuns(write("test_a"), traced=(1, 2, 3, 4, 5, 6)))).verdict == "accepted"


async def test_what_is_gained_is_told() -> None:
    before = Coverage(20, 2, 10, 0, 0, executed_lines=(1, 10))
    verification = await hear(FakeRuns(write("test_a"), before=before))
    assert verification.coverage_before == 20
    assert verification.coverage_gained == 80
    alone = await hear(FakeRuns(write("test_a")))
    assert (alone.coverage_before, alone.coverage_gained) == (None, None)


@pytest.mark.parametrize(
    ("killed", "verdict"), [(5, Verdict.ACCEPTED), (4, Verdict.WEAK), (0, Verdict.WEAK)]
)
async def test_mutants_decide_between_accepted_and_weak(killed: int, verdict: Verdict) -> None:
    verification = await hear(FakeRuns(write("test_a"), killed=killed))
    assert verification.verdict is verdict
    assert verification.content == write("test_a")
    if verdict is Verdict.WEAK:
        assert find_failed(verification)[0] == "mutation"


async def test_without_mutants_none_are_asked_for() -> None:
    runs = FakeRuns(write("test_a"), killed=0)
    verification = await hear(runs, VerdictPlan(reruns=1, mutants=0))
    assert verification.verdict is Verdict.ACCEPTED
    assert verification.mutation is None
    assert runs.steps == ALL_STEPS[:-1]


@pytest.mark.parametrize(("hostile", "refuted", "stage"), [(1, 0, "sabotage"), (0, 1, "mutation")])
async def test_tests_that_fight_back_are_rejected(hostile: int, refuted: int, stage: str) -> None:
    runs = FakeRuns(write("test_a"), hostile=bool(hostile), refuted=bool(refuted))
    verification = await hear(runs)
    assert verification.verdict is Verdict.REJECTED
    assert find_failed(verification)[0] == stage


@pytest.mark.parametrize("step", ["run", "rerun", "sabotage"])
async def test_when_the_time_is_over_the_file_is_rejected(step: str) -> None:
    verification = await hear(FakeRuns(write("test_a"), out_of_time=step))
    assert verification.verdict is Verdict.REJECTED
    stage, reason = find_failed(verification)
    assert stage == "time"
    assert "raise `verify-timeout`" in reason
