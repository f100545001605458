"""Change a module many times over and see whether its tests notice.

``python -m openhands_testgen.verification.inside.mutation QUESTION`` from the folder above the
package; QUESTION is a file with the fields of ``Question``. Prints one JSON object, which says what
happened and decides nothing.
"""

from __future__ import annotations

import marshal
import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from openhands_testgen.verification.inside.account import Account
from openhands_testgen.verification.inside.answering import reply
from openhands_testgen.verification.inside.module import Module, Mutant
from openhands_testgen.verification.inside.pool import Job, Pool
from openhands_testgen.verification.inside.replacement import can_swap
from openhands_testgen.verification.inside.surroundings import Place, Setup
from openhands_testgen.verification.inside.tracing import BEFORE_TESTS
from openhands_testgen.verification.inside.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import CodeType
    from typing import Any

CONTROLS = 6
SHORTEST_SECONDS = 1.0
# What the unchanged module may take of all CPU time; on the clock it can be a few times as long.
BASELINE_PART = 0.15
BASELINE_FACTOR = 5
BASELINE, TRACE, CONTROL = "baseline", "trace", "control"


@dataclass(frozen=True)
class Question(Place):
    """What is asked; ``seconds`` are for everything together."""

    covered_lines: list[int]
    mutants: int
    seed: int
    workers: int


class Examination:
    """One module, its tests, and what they did so far."""

    def __init__(self, question: Question, pool: Pool, deadline: float) -> None:
        """Read the module; nothing runs yet."""
        self._question = question
        self._pool = pool
        self._deadline = deadline
        self._module = Module(question.module)
        self._seconds = question.seconds * BASELINE_PART
        self._plain = self._set_up(self._module.code, self._seconds)
        self._baseline = Account()
        self._lines: dict[str, list[int]] = {}
        self._early: frozenset[int] | None = None

    def run(self) -> dict[str, object]:
        """Return the answer."""
        lines, seed = self._question.covered_lines, self._question.seed
        jobs = self._plan_unchanged()
        running = self._pool.run(jobs, self._deadline)  # while the mutants are made
        mutants, found = self._module.mutate(lines, seed, self._question.mutants)
        controls = self._module.control(lines, seed, CONTROLS) if mutants else []
        self._see_unchanged(jobs, running)
        accounts = self._run_changed(mutants, controls) if self._baseline.is_sound else {}
        return {
            "baseline": self._baseline.summarize(),
            "found": found,
            "workers": self._pool.count,
            "controls": [
                account.summarize() for key, account in accounts.items() if key.startswith(CONTROL)
            ],
            "mutants": [
                {**self._module.describe(mutant), "run": _summarize(accounts.get(str(index)))}
                for index, mutant in enumerate(mutants)
            ],
        }

    def _plan_unchanged(self) -> list[Job]:
        """Plan to run the tests as they are, and again to see their lines."""
        traced = replace(self._plain, is_shared=False, is_traced=True)
        return [
            Job(key, setup, Turn(cpu_seconds=setup.cpu_seconds), self._seconds)
            for key, setup in ((BASELINE, self._plain), (TRACE, traced))
        ]

    def _see_unchanged(self, jobs: Sequence[Job], running: Iterable[tuple[Job, Account]]) -> None:
        """See what the tests do as they are; what did not pass at once is run one by one.

        Tests that pass alone and fail beside themselves are never run so again.
        """
        done = _finish(jobs, running)
        if not (done[BASELINE].is_sound and done[TRACE].is_sound):
            alone: dict[str, Account] = {}
            for job in jobs:
                alone |= _finish([job], self._pool.run([job], self._deadline))
            if any(alone[key].is_sound and not done[key].is_sound for key in done):
                self._pool.keep_one()
            done = alone
        self._baseline = done[BASELINE]
        self._lines = dict(done[TRACE].lines) if done[TRACE].is_sound else {}
        early = self._lines.pop(BEFORE_TESTS, None)
        self._early = None if early is None else frozenset(early)

    def _run_changed(
        self, mutants: Sequence[Mutant], controls: Sequence[Mutant]
    ) -> dict[str, Account]:
        """Run all, until time is up or a control fails."""
        accounts: dict[str, Account] = {}
        jobs = [self._plan(str(index), mutant) for index, mutant in enumerate(mutants)]
        for index, mutant in enumerate(controls):
            place = len(jobs) * index // len(controls)
            jobs.insert(place, self._plan(f"{CONTROL}{index}", mutant))
        for job, account in self._pool.run(jobs, self._deadline):
            accounts[job.key] = account
            if job.key.startswith(CONTROL) and not account.is_sound:
                break
        return accounts

    def _plan(self, key: str, mutant: Mutant) -> Job:
        """Decide how a mutant is run: in functions that live, or loaded anew.

        The tests that reach it come first, quick ones before slow ones, but all run: what a fixture
        or a cache computes once is counted for the test that came first.
        """
        reaching = (
            test for test, lines in self._lines.items() if not mutant.lines.isdisjoint(lines)
        )
        turn = Turn(first=order(reaching, self._baseline.took), stop=True)
        if self._can_swap(mutant):
            seconds = _limit(self._baseline.seconds)
            code = marshal.dumps(mutant.code)
            turn = replace(turn, code=code, cpu_seconds=math.ceil(seconds))
            return Job(key, self._plain, turn, seconds)
        seconds = _limit(self._baseline.start_seconds + self._baseline.seconds)
        setup = replace(self._set_up(mutant.code, seconds), is_shared=False)
        return Job(key, setup, turn, seconds)

    def _can_swap(self, mutant: Mutant) -> bool:
        """Whether it is enough to change functions: none of them ran before the tests did."""
        early, place = self._early, mutant.change.site.place
        if early is None or not self._plain.is_shared or not place.is_in_function:
            return False
        return mutant.lines.isdisjoint(early) and can_swap(self._module.code, mutant.code, early)

    def _set_up(self, code: CodeType, seconds: float) -> Setup:
        return Setup(marshal.dumps(code), math.ceil(seconds), is_shared=self._question.is_fast)


def _finish(jobs: Sequence[Job], running: Iterable[tuple[Job, Account]]) -> dict[str, Account]:
    late = {job.key: Account(is_late=True) for job in jobs}
    return {**late, **{job.key: account for job, account in running}}


def order(tests: Iterable[str], took: Mapping[str, int]) -> tuple[str, ...]:
    """Put quick tests before slow ones; ``took`` are milliseconds.

    What takes less than twice as long takes as long: noise should not change the order.
    """
    return tuple(sorted(tests, key=lambda test: took.get(test, 0).bit_length()))


def _limit(seconds: float) -> float:
    return max(SHORTEST_SECONDS, BASELINE_FACTOR * seconds)


def _summarize(account: Account | None) -> dict[str, object] | None:
    return None if account is None else account.summarize()


def examine(asked: dict[str, Any]) -> dict[str, object]:
    """Answer a question."""
    question = Question(**asked)
    deadline = time.monotonic() + question.seconds
    # The workers come first: what is not in their memory the tests cannot find there.
    pool = Pool(question.get_surroundings(), question.workers)
    return Examination(question, pool, deadline).run()


if __name__ == "__main__":
    reply(examine)
