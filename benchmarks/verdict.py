"""What the verdict and its costly stages cost, beside mutmut on the same modules and tests.

Five public modules with the tests that their authors wrote. In each round, for each module, in
turn: our sabotage, our mutants, the whole verdict, and mutmut with as many processes, on a fresh
copy each. What is compared is the wall time for one mutant, all that belongs to it included:
starting, finding out what the tests do on the unchanged module, making the mutants. The scores
differ, as the mutants do. As in a verdict, the interpreter is there by the time of the mutants: its
start is a part of the sabotage and of the whole verdict.

Run it with ``python -m benchmarks.verdict``; ``ROUNDS`` (default 3) sets how often.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.subjects import SUBJECTS, Tested, fetch_source, find_covered_lines, find_tools
from benchmarks.tables import print_table, write_json
from openhands_testgen import bootstrap
from openhands_testgen.domain.verdict import Candidate
from openhands_testgen.sandbox.forkservers import ForkServers
from openhands_testgen.sandbox.interpreter import Interpreter, find_interpreter
from openhands_testgen.sandbox.python import RunLimits, SandboxedPython
from openhands_testgen.sandbox.workbench import open_workbench
from openhands_testgen.verification.programs import PROGRAMS
from openhands_testgen.verification.stages.mutation import (
    MutationPlan,
    judge_mutation,
    run_mutation,
)
from openhands_testgen.verification.stages.sabotage import run_sabotage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MUTANTS = 100
WORKERS = 2
SECONDS = 280.0
SECONDS_OF = ("sabotage s", "mutation s", "verdict s")
RATIO_LIMIT = 1 / 3
VERDICT_SECONDS_LIMIT = 15.0
MUTMUT = """

[tool.mutmut]
source_paths = ["{root}"]
only_mutate = ["{module}"]
pytest_add_cli_args_test_selection = ["{tests}"]
mutate_only_covered_lines = true
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """The wall time of one tool for one module, and what it counted."""

    seconds: float
    mutants: int
    killed: int

    @property
    def milliseconds_each(self) -> float:
        """The wall time for one mutant."""
        return 1000 * self.seconds / self.mutants


@dataclass(frozen=True, slots=True)
class Round:
    """One module, measured once."""

    sabotage_seconds: float
    vacuous: int
    ours: Cost
    verdict_seconds: float
    mutmut: Cost

    @property
    def ratio(self) -> float:
        """Our wall time for one mutant, as a part of mutmut's."""
        return self.ours.milliseconds_each / self.mutmut.milliseconds_each


@asynccontextmanager
async def open_fork_servers() -> AsyncIterator[ForkServers]:
    """Have what a verdict has: by the time of its mutants the interpreter is there."""
    servers = ForkServers(programs=PROGRAMS)
    try:
        yield servers
    finally:
        await servers.close()


async def measure_ours(
    interpreter: Interpreter, project: Path, tested: Tested, lines: list[int]
) -> tuple[float, int, Cost]:
    """Run both stages on a copy; return the sabotage's seconds, what it found, and the rest."""
    content = (project / tested.tests).read_bytes()
    candidate = Candidate(project, tested.module, tested.tests, content, 80)
    async with open_workbench(project) as bench, open_fork_servers() as servers:
        python = SandboxedPython(interpreter, bench, RunLimits(), dict(os.environ), servers)
        folders = [bench.project / "src", bench.project]
        roots = [folder for folder in folders if folder.is_dir()]
        start = time.perf_counter()
        sabotage = await run_sabotage(python, candidate, roots)
        middle = time.perf_counter()
        plan = MutationPlan(mutants=MUTANTS, seconds=SECONDS, workers=WORKERS)
        record = await run_mutation(python, candidate, roots, lines, plan)
        end = time.perf_counter()
    mutation = judge_mutation(record, 0)[1]
    if record.problem or sabotage.problem or mutation is None:
        message = f"{tested.module}: {record.problem or sabotage.problem or 'no mutants'}"
        raise RuntimeError(message)
    cost = Cost(end - middle, mutation.total, mutation.killed)
    return middle - start, len(sabotage.passed), cost


async def measure_verdict(python: Path, project: Path, tested: Tested) -> float:
    """Run all stages as ``verify`` does; return the seconds."""
    content = (project / tested.tests).read_bytes()
    start = time.perf_counter()
    verifier = bootstrap.build_verifier({"python": str(python), "mutants": str(MUTANTS)})
    async with verifier.open(project):
        judged = await verifier.verify(
            Candidate(project, tested.module, tested.tests, content, 1.0)
        )
    seconds = time.perf_counter() - start
    if judged.mutation is None:
        message = f"{tested.module}: the mutation stage was not reached: {judged.stages}"
        raise RuntimeError(message)
    return seconds


def measure_mutmut(python: Path, project: Path, tested: Tested) -> Cost:
    """Run mutmut on a copy of its own."""
    with tempfile.TemporaryDirectory(prefix="mutmut-") as name:
        copy = Path(name) / "project"
        shutil.copytree(project, copy)
        with (copy / "pyproject.toml").open("a", encoding="utf-8") as file:
            settings = {"root": tested.root, "module": tested.module, "tests": tested.tests}
            file.write(MUTMUT.format(**settings))
        program = str(python.with_name("mutmut"))
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
        }
        start = time.perf_counter()
        run = [program, "run", "--max-children", str(WORKERS)]
        subprocess.run(run, cwd=copy, env=environment, check=True, capture_output=True)
        seconds = time.perf_counter() - start
        export = [program, "export-cicd-stats"]
        subprocess.run(export, cwd=copy, env=environment, check=True, capture_output=True)
        counted = json.loads((copy / "mutants" / "mutmut-cicd-stats.json").read_text("utf-8"))
    return Cost(seconds, counted["total"], counted["killed"] + counted["timeout"])


async def refuse_overlay(python: Path) -> Path:
    """Refuse: the interpreter has what it takes."""
    message = f"{python} has no pytest and coverage"
    raise RuntimeError(message)


async def run_rounds(rounds: int) -> dict[Tested, list[Round]]:
    """Measure all modules, in turn, so that whatever else the machine does hits all alike."""
    python = find_tools()
    measured: dict[Tested, list[Round]] = {tested: [] for tested in SUBJECTS}
    for _ in range(rounds):
        for tested, found in measured.items():
            project = fetch_source(tested.package)
            lines = find_covered_lines(python, project, tested)
            interpreter = await find_interpreter(
                str(python), project, dict(os.environ), refuse_overlay
            )
            seconds, vacuous, ours = await measure_ours(interpreter, project, tested, lines)
            whole = await measure_verdict(python, project, tested)
            theirs = measure_mutmut(python, project, tested)
            found.append(Round(seconds, vacuous, ours, whole, theirs))
    return measured


def show(measured: dict[Tested, list[Round]]) -> bool:
    """Print the tables; return whether all goals were reached."""
    rows = []
    for tested, rounds in measured.items():
        lines = (fetch_source(tested.package) / tested.module).read_bytes().count(b"\n")
        first = rounds[0]
        rows.append(
            [
                tested.module,
                str(lines),
                str(first.ours.mutants),
                f"{100 * first.ours.killed / first.ours.mutants:.0f}%",
                f"{median(one.ours.milliseconds_each for one in rounds):.0f}",
                str(first.mutmut.mutants),
                f"{100 * first.mutmut.killed / first.mutmut.mutants:.0f}%",
                f"{median(one.mutmut.milliseconds_each for one in rounds):.0f}",
                f"{median(one.ratio for one in rounds):.2f}",
                f"{median(one.sabotage_seconds for one in rounds):.1f}",
                f"{median(one.ours.seconds for one in rounds):.1f}",
                f"{median(one.verdict_seconds for one in rounds):.1f}",
            ]
        )
    ours, theirs = ["mutants", "killed", "ms each"], ["mutmut's", "killed", "ms each"]
    print_table(["module", "lines", *ours, *theirs, "ratio", *SECONDS_OF], rows)
    ratio = max(median(one.ratio for one in rounds) for rounds in measured.values())
    seconds = max(median(one.verdict_seconds for one in rounds) for rounds in measured.values())
    print_table(
        ["goal, for the worst module", "measured", "at most"],
        [
            ["wall time a mutant / mutmut's", f"{ratio:.2f}", f"{RATIO_LIMIT:.2f}"],
            ["the whole verdict, seconds", f"{seconds:.1f}", f"{VERDICT_SECONDS_LIMIT:g}"],
            ["tests called vacuous", str(sum(r[0].vacuous for r in measured.values())), "0"],
        ],
    )
    return ratio <= RATIO_LIMIT and seconds <= VERDICT_SECONDS_LIMIT


def main() -> int:
    """Measure, print, write; the exit code says whether all goals were reached."""
    measured = asyncio.run(run_rounds(int(os.environ.get("ROUNDS", "3"))))
    is_reached = show(measured)
    write_json(
        "verdict",
        [{"subject": tested, "rounds": rounds} for tested, rounds in measured.items()],
    )
    return 0 if is_reached else 1


if __name__ == "__main__":
    sys.exit(main())
