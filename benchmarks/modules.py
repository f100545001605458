"""How well the offline model does on modules of public packages, judged by our own verdict.

Two sets: on the first one the generator was tuned, the second one was held out. For each module:
fetch the package, make the tests, judge them at the threshold, run them five times more, shuffled
and with other hash seeds. Run it with ``python -m benchmarks.modules
[generator|main-job] [tuned|held-out] [NAME...]``: the generator alone, or the whole main job with
the engine and a real agent.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.tables import print_table, write_json
from openhands_testgen.domain.verdict import Candidate, Outcome, Verdict
from openhands_testgen.offline.trials import Stand
from openhands_testgen.sandbox.interpreter import find_interpreter
from openhands_testgen.sandbox.overlay import Overlay
from openhands_testgen.sandbox.python import RunLimits, SandboxedPython
from openhands_testgen.sandbox.workbench import open_workbench
from openhands_testgen.verification.verify import SandboxedVerifier

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    type MakeTests = Callable[[Path, "Subject"], Awaitable[None]]

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "runner" / "openhands_testgen" / "offline" / "program.py"
THRESHOLD_PERCENT = 60.0
RERUNS = 5
ACCEPTED_OF_TEN = 8


@dataclass(frozen=True, slots=True)
class Subject:
    """A module of a public package; ``path`` is relative to the unpacked wheel."""

    package: str
    path: str

    @property
    def import_name(self) -> str:
        """Its dotted name."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def output(self) -> str:
        """Where its tests go."""
        return f"tests/test_{self.import_name.rpartition('.')[2].strip('_')}.py"


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one module; ``seconds`` is what making and checking the tests took."""

    subject: str
    lines: int
    tests: int
    coverage_percent: float
    mutation_percent: float
    verdict: str
    reason: str
    failures: int
    seconds: float


SETS: dict[str, tuple[Subject, ...]] = {
    "tuned": (
        Subject("inflection==0.5.1", "inflection/__init__.py"),
        Subject("humanize==4.12.3", "humanize/number.py"),
        Subject("packaging==24.2", "packaging/version.py"),
        Subject("idna==3.10", "idna/core.py"),
        Subject("webcolors==24.11.1", "webcolors/_conversion.py"),
        Subject("boltons==24.1.0", "boltons/strutils.py"),
        Subject("more-itertools==10.5.0", "more_itertools/recipes.py"),
        Subject("parse==1.20.2", "parse.py"),
        Subject("semver==3.0.2", "semver/version.py"),
        Subject("sortedcontainers==2.4.0", "sortedcontainers/sortedlist.py"),
    ),
    "held-out": (
        Subject("roman==5.0", "roman.py"),
        Subject("toolz==1.0.0", "toolz/itertoolz.py"),
        Subject("tabulate==0.9.0", "tabulate/__init__.py"),
        Subject("jellyfish==0.9.0", "jellyfish/_jellyfish.py"),
        Subject("cachetools==5.5.0", "cachetools/__init__.py"),
        Subject("xmltodict==0.14.2", "xmltodict.py"),
        Subject("num2words==0.5.14", "num2words/lang_EN.py"),
        Subject("isodate==0.7.2", "isodate/isoduration.py"),
        Subject("wcwidth==0.2.13", "wcwidth/wcwidth.py"),
        Subject("ordered-set==4.1.0", "ordered_set/__init__.py"),
    ),
}


def find_cache() -> Path:
    """Return the folder for downloaded packages, outside of the repository."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "openhands-testgen-benchmarks"


def fetch(package: str) -> Path:
    """Return the folder of an unpacked wheel, downloading and building it once."""
    folder = find_cache() / package
    if not folder.exists():
        building = Path(tempfile.mkdtemp(prefix="fetch-"))
        command = [find_python(), "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(building)]
        subprocess.run([*command, package], check=True)
        (wheel,) = building.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(building / "unpacked")
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(building / "unpacked", folder)
        shutil.rmtree(building)
    return folder


async def characterize(project: Path, subject: Subject) -> None:
    """Make the tests with the generator alone, as the agent does in its terminal."""
    own = [sys.executable, "-I", str(PROGRAM)]
    place = ["--module", subject.path, "--output", subject.output, "--python", find_python()]
    for arguments in (
        ["characterize", "--import-name", subject.import_name, *place],
        ["check", *place],
    ):
        process = await asyncio.create_subprocess_exec(
            *own, *arguments, cwd=project, stdout=sys.stderr
        )
        if await process.wait():
            return


async def generate(project: Path, subject: Subject) -> None:
    """Make the tests by the whole main job: submit, the engine, a real agent, collect, verdict."""
    state = find_cache() / "state"
    command = [
        *(str(ROOT / "runner" / "launch"), "generate", "--module", subject.path),
        *("--output", subject.output, "--coverage-threshold", f"{THRESHOLD_PERCENT:g}"),
        *("--llm-model", "offline", "--backend", "embedded", "--python", find_python()),
        *("--state-dir", str(state), "--results", str(project.parent / "results")),
    ]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=project, stdout=asyncio.subprocess.DEVNULL, stderr=sys.stderr
    )
    await process.wait()


def find_python() -> str:
    """Return the interpreter that the modules run in."""
    return os.environ.get("PYTHON", "python3")


async def measure(subject: Subject, make_tests: MakeTests) -> Row:
    """Make, judge and rerun the tests of one module, on a copy of its package."""
    with tempfile.TemporaryDirectory(prefix="subject-") as folder:
        project = Path(folder).resolve() / "project"
        shutil.copytree(fetch(subject.package), project)
        lines = len((project / subject.path).read_text(encoding="utf-8").splitlines())
        start = time.perf_counter()
        await make_tests(project, subject)
        seconds = time.perf_counter() - start
        output = project / subject.output
        name = f"{subject.package} {subject.path}"
        if not output.exists():
            return Row(name, lines, 0, 0.0, 0.0, "no tests", "", 0, seconds)
        candidate = Candidate(
            project, subject.path, subject.output, output.read_bytes(), THRESHOLD_PERCENT
        )
        environment = dict(os.environ)
        install = Overlay(ROOT / "runner" / "environment", environment).install
        verifier = SandboxedVerifier(find_python(), environment, install)
        async with verifier.open(project):
            verification = await verifier.verify(candidate)
        reasons = [reason for stage in verification.stages for reason in stage.reasons]
        return Row(
            subject=name,
            lines=lines,
            tests=sum(case.outcome is Outcome.PASSED for case in verification.cases),
            coverage_percent=verification.coverage.percent if verification.coverage else 0.0,
            mutation_percent=verification.mutation.score if verification.mutation else 0.0,
            verdict=verification.verdict.value,
            reason="; ".join(reasons)[:200],
            failures=await rerun(candidate),
            seconds=seconds,
        )


async def rerun(candidate: Candidate) -> int:
    """Return how many tests fail in shuffled runs, each on a copy and in a process of its own."""
    environment = dict(os.environ)
    install = Overlay(ROOT / "runner" / "environment", environment).install
    interpreter = await find_interpreter(find_python(), candidate.project, environment, install)
    failed: set[tuple[str, int]] = set()
    for seed in range(101, 101 + RERUNS):
        async with open_workbench(candidate.project) as bench:
            python = SandboxedPython(interpreter, bench, RunLimits(), environment)
            trial = await Stand(python, candidate.module_path, candidate.output_path).run(seed)
            failed |= trial.failed
            if not trial.records or trial.timed_out:
                failed.add(("the whole run", -1))
    return len(failed)


WAYS: dict[str, MakeTests] = {"generator": characterize, "main-job": generate}


def show(name: str, rows: Sequence[Row]) -> bool:
    """Print a set's table; return whether its goals are reached."""
    print(f"\n{name} modules\n")
    print_table(
        [
            "module",
            "lines",
            "tests",
            "coverage",
            "mutants killed",
            "verdict",
            "failures in reruns",
            "seconds",
        ],
        [
            [
                row.subject,
                str(row.lines),
                str(row.tests),
                f"{row.coverage_percent:.1f}%",
                f"{row.mutation_percent:.0f}%",
                row.verdict,
                str(row.failures),
                f"{row.seconds:.0f}",
            ]
            for row in rows
        ],
    )
    accepted = [row for row in rows if row.verdict == Verdict.ACCEPTED.value]
    print(f"accepted: {len(accepted)} of {len(rows)}", flush=True)
    is_steady = all(row.failures == 0 for row in accepted)
    return is_steady and len(accepted) * 10 >= ACCEPTED_OF_TEN * len(rows)


def main(arguments: Sequence[str]) -> int:
    """Measure one set or both; the exit code says whether the goals were reached."""
    names = [name for name in SETS if name in arguments] or list(SETS)
    wanted = [word for word in arguments if word not in SETS and word not in WAYS]
    way = next((word for word in arguments if word in WAYS), "generator")
    is_reached = True
    found: dict[str, list[Row]] = {}
    for name in names:
        subjects = [
            one for one in SETS[name] if not wanted or any(word in one.package for word in wanted)
        ]
        found[name] = [asyncio.run(measure(one, WAYS[way])) for one in subjects]
        is_reached &= show(name, found[name])
    write_json("modules", found)
    return 0 if is_reached else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
