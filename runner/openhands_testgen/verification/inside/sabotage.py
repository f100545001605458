"""Let a module's functions do nothing, and see which of its tests pass all the same.

``python -m openhands_testgen.verification.inside.sabotage QUESTION`` from the folder above the
package; QUESTION is a file with the fields of ``Place``. Prints one JSON object, which says what
happened and decides nothing.
"""

from __future__ import annotations

import marshal
import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from openhands_testgen.verification.inside.account import Account
from openhands_testgen.verification.inside.answering import reply
from openhands_testgen.verification.inside.emptying import empty
from openhands_testgen.verification.inside.hollow import DATA, FUNCTIONS
from openhands_testgen.verification.inside.module import Module
from openhands_testgen.verification.inside.pool import Job, Pool
from openhands_testgen.verification.inside.stand_ins import EQUAL, OTHER, SPITE
from openhands_testgen.verification.inside.surroundings import Place, Setup
from openhands_testgen.verification.inside.turn import PASSED, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

SHORTEST_SECONDS = 1.0
# What the whole module may take of all CPU time; on the clock it can be a few times as long.
BASELINE_PART = 0.15
BASELINE_FACTOR = 5
# A test can hang on a stand-in; the others are run again without it, so often.
ATTEMPTS = 6
# What gives way to stand-ins, and how they answer.
SABOTAGES = (
    (FUNCTIONS, OTHER),
    (FUNCTIONS, EQUAL),
    (FUNCTIONS, SPITE),
    (DATA, OTHER),
    (DATA, EQUAL),
)


class Examination:
    """One module and its tests."""

    def __init__(self, question: Place, pool: Pool, deadline: float) -> None:
        """Read the module; nothing runs yet."""
        self._pool = pool
        self._deadline = deadline
        self._is_shared = question.is_fast
        module = Module(question.module)
        self._plain = marshal.dumps(module.code)
        tree = empty(module.tree)
        self._emptied = marshal.dumps(compile(tree, question.module, "exec", dont_inherit=True))
        self._seconds = question.seconds * BASELINE_PART

    def run(self) -> dict[str, object]:
        """Return the answer: only tests that pass one sabotage are tried with the next one."""
        baseline = self._try(self._plain, "", Turn())
        self._seconds = max(
            SHORTEST_SECONDS, BASELINE_FACTOR * (baseline.start_seconds + baseline.seconds)
        )
        left = _find_passed(baseline) if baseline.is_done and baseline.is_loaded else []
        sabotages: list[dict[str, str]] = []
        for what, mode in SABOTAGES:
            if not left or time.monotonic() > self._deadline:
                break
            accounts = self._sabotage(what, mode, left)
            left = [test for account in accounts for test in _find_passed(account)]
            broken = next((account.broken for account in accounts if account.broken), "")
            sabotages.append({"what": what, "mode": mode, "broken": broken})
        return {"baseline": baseline.summarize(), "sabotages": sabotages, "passed": left}

    def _sabotage(self, what: str, mode: str, tests: Sequence[str]) -> list[Account]:
        """Run tests under one sabotage, past those that end or hang the process."""
        accounts: list[Account] = []
        left = tuple(tests)
        while left and len(accounts) < ATTEMPTS:
            account = self._try(self._emptied, what, Turn(only=left, mode=mode))
            accounts.append(account)
            if account.is_done or not account.running:
                break
            over = {account.running, *account.results}
            left = tuple(test for test in left if test not in over)
        return accounts

    def _try(self, code: bytes, stand_ins: str, turn: Turn) -> Account:
        limit = math.ceil(self._seconds)
        setup = Setup(code, limit, is_shared=self._is_shared, stand_ins=stand_ins)
        job = Job("", setup, replace(turn, cpu_seconds=limit), self._seconds)
        done = [account for _, account in self._pool.run([job], self._deadline)]
        return done[0] if done else Account(is_late=True)


def _find_passed(account: Account) -> list[str]:
    return [name for name, (outcome, _) in account.results.items() if outcome == PASSED]


def examine(asked: dict[str, Any]) -> dict[str, object]:
    """Answer a question."""
    question = Place(**asked)
    deadline = time.monotonic() + question.seconds
    # The workers come first: what is not in their memory the tests cannot find there.
    pool = Pool(question.get_surroundings(), 1)
    return Examination(question, pool, deadline).run()


if __name__ == "__main__":
    reply(examine)
