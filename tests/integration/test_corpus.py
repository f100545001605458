"""Every cheat of the corpus is refused, for the right reason, and every sound twin is accepted."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.domain.verdict import Verdict
from tests.corpus.table import (
    FILES,
    ONLY_SOME,
    PROJECT,
    RUN,
    SAME_NAME,
    STATIC,
    read_file,
    read_pair,
)
from tests.fakes.judging import QUICK, judge, make_verifier

if TYPE_CHECKING:
    from openhands_testgen.domain.verdict import CaseResult, Verification
    from openhands_testgen.verification.verify import SandboxedVerifier

pytestmark = pytest.mark.anyio
ALL = STATIC | RUN
# Where the point is how many mutants are noticed.
MUTANTS = 12


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def verifier() -> SandboxedVerifier:
    return make_verifier()


@lru_cache(maxsize=1)
def judge_all() -> Verification:
    """Judge all pairs as one file: each test by itself, whatever its neighbours do."""
    content = "\n\n".join(read_pair(name) for name in ALL)
    plan = replace(QUICK, reruns=2)
    return asyncio.run(judge(make_verifier(plan=plan), PROJECT, content, threshold=60))


def find_cases(name: str, kind: str) -> list[CaseResult]:
    """Find the cases of a pair; both of a pair can have one name, and then the later is sound."""
    cases = judge_all().cases
    if name in SAME_NAME:
        same = [case for case in cases if case.name.endswith(f"test_{name}")]
        return [case for case in same if case.is_sound == (kind == "sound")]
    words = (f"::test_{name}_{kind}", f"::test_{name}_first_{kind}")
    return [case for case in cases if any(word in case.name for word in words)]


@pytest.mark.parametrize("name", ALL)
def test_a_cheat_is_cut_for_its_reason(name: str) -> None:
    cases = find_cases(name, "cheat")
    unsound = [case for case in cases if not case.is_sound]
    assert unsound
    assert unsound == cases or name in ONLY_SOME
    for case in unsound:
        assert ALL[name] in {problem.rule for problem in case.problems}
        assert case.line


@pytest.mark.parametrize("name", ALL)
def test_its_twin_stays(name: str) -> None:
    cases = find_cases(name, "sound")
    assert cases
    assert [case for case in cases if not case.is_sound] == []


def test_what_is_left_is_accepted_and_is_the_twins() -> None:
    verification = judge_all()
    assert verification.verdict is Verdict.ACCEPTED
    content = verification.content.decode()
    for name in ALL:
        assert (f"def test_{name}_cheat" in content) == (name in ONLY_SOME)
        assert f"def test_{name}" in content


@pytest.mark.parametrize("name", FILES)
async def test_a_file_that_cheats_is_rejected_as_a_whole(
    verifier: SandboxedVerifier, name: str
) -> None:
    about = FILES[name]
    plan = replace(QUICK, mutants=MUTANTS) if about.stage == "mutation" else QUICK
    verification = await judge(
        replace(verifier, plan=plan),
        PROJECT,
        read_file(name, "cheat"),
        module=about.module,
        threshold=about.threshold,
    )
    assert verification.verdict == about.verdict
    (stage,) = [stage for stage in verification.stages if not stage.passed]
    assert stage.name == about.stage
    assert about.words in " ".join(stage.reasons)


@pytest.mark.parametrize("name", FILES)
async def test_its_twin_is_accepted(verifier: SandboxedVerifier, name: str) -> None:
    about = FILES[name]
    plan = replace(QUICK, mutants=MUTANTS) if about.stage == "mutation" else QUICK
    content = read_file(name, "sound")
    verification = await judge(
        replace(verifier, plan=plan),
        PROJECT,
        content,
        module=about.twin_module,
        threshold=about.threshold,
    )
    assert verification.verdict is Verdict.ACCEPTED
    assert verification.content == content


BASE = """from shop import add


def test_old():
    assert add(1, 1) == 2


def test_old_and_weak():
    add(1, 1)
"""
NEW = """

def test_new():
    assert add(1, 2) == 3


def test_new_and_weak():
    add(2, 2)
"""


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (BASE.replace("test_old()", "test_other()"), "removes test_old"),
        (BASE.replace("== 2", "in {2, 3}"), "changes test_old"),
        ("from shop import add\n", "removes test_old"),
    ],
)
async def test_existing_tests_stay_as_they_were(
    verifier: SandboxedVerifier, changed: str, words: str
) -> None:
    verification = await judge(verifier, PROJECT, changed + NEW, base=BASE.encode())
    assert verification.verdict is Verdict.REJECTED
    (stage,) = [stage for stage in verification.stages if not stage.passed]
    assert stage.name == "rules"
    assert words in " ".join(stage.reasons)


async def test_existing_tests_are_not_cut(verifier: SandboxedVerifier) -> None:
    verification = await judge(verifier, PROJECT, BASE + NEW, base=BASE.encode())
    assert verification.verdict is Verdict.ACCEPTED
    sound = {case.name.rpartition("::")[2] for case in verification.cases if case.is_sound}
    assert sound == {"test_old", "test_new"}
    assert verification.content.decode() == BASE + NEW.partition("\n\n\ndef test_new_and")[0] + "\n"
