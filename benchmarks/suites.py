"""False alarms: how many tests that people wrote for public packages our verdict calls unsound.

For each test file of six packages: a plain pytest run says which tests pass; of those that assert
something, the verdict (all stages but mutation) must call nearly none unsound, and each that it
does is listed with the reason. Run it with ``python -m benchmarks.suites [PACKAGE...]``.
"""

from __future__ import annotations

import ast
import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.subjects import fetch_source, find_tools
from benchmarks.tables import print_table, write_json
from openhands_testgen import bootstrap
from openhands_testgen.domain.verdict import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UNSOUND_PERCENT_LIMIT = 2.0
PLAIN_SECONDS = 300
ASSERTS = re.compile(r"assert|raises|warns|fail|check|verify", re.IGNORECASE)
# All its tests come from classes of another file; none is judged, and none called unsound.
NOTHING_OF_ITS_OWN = "the file defines no test"
PASSED = re.compile(r"^PASSED (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Suite:
    """A package's own tests: ``test_x.py`` is for ``root/x.py``, all others are for ``module``."""

    package: str
    root: str
    tests: str
    module: str


SUITES = (
    Suite("cachetools==8.0.2", "src/cachetools", "tests", "__init__.py"),
    Suite("boltons==26.2.0", "boltons", "tests", "iterutils.py"),
    Suite("toolz==1.2.0", "toolz", "toolz/tests", "functoolz.py"),
    Suite("more-itertools==10.5.0", "more_itertools", "tests", "more.py"),
    Suite("idna==3.10", "idna", "tests", "core.py"),
    Suite("inflection==0.5.1", "inflection", ".", "__init__.py"),
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A test that the verdict calls unsound, and why."""

    test: str
    outcome: str
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Count:
    """What came of one package."""

    files: int = 0
    passed: int = 0
    asserting: int = 0
    alarms: list[Alarm] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    inherited: list[str] = field(default_factory=list)

    @property
    def percent(self) -> float:
        """How many of the tests that assert something are called unsound."""
        return 100 * len(self.alarms) / self.asserting if self.asserting else 0.0


def find_pairs(suite: Suite, source: Path) -> Iterator[tuple[str, str]]:
    """Yield each test file with the module that it is for."""
    for path in sorted((source / suite.tests).glob("test_*.py")):
        module = find_module(source / suite.root, path.name) or source / suite.root / suite.module
        yield path.relative_to(source).as_posix(), module.relative_to(source).as_posix()


def find_module(root: Path, tests: str) -> Path | None:
    """Find the module of a test file: of its name, private, or without the package's name."""
    name = tests.removeprefix("test_")
    short = name.removeprefix(f"{root.name}_")
    places = (root / name, root / f"_{name}", root / short)
    return next((place for place in places if place.is_file()), None)


def run_plain(python: Path, source: Path, tests: str) -> set[str]:
    """Return the tests that pass as pytest runs them, on a copy."""
    with tempfile.TemporaryDirectory(prefix="plain-") as name:
        copy = Path(name) / "project"
        shutil.copytree(source, copy)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join((f"{copy}/src", str(copy)))}
        run = [
            *(str(python), "-m", "pytest", "-q", "-rA", "--tb=no", "-p", "no:cacheprovider"),
            tests,
        ]
        done = subprocess.run(
            run,
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PLAIN_SECONDS,
            check=False,
        )
    return set(PASSED.findall(done.stdout))


def find_silent(content: bytes) -> set[str]:
    """Return the names of test functions in which nothing looks like an assertion."""
    tree = ast.parse(content)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {
        function.name
        for function in functions
        if function.name.startswith("test") and not ASSERTS.search(_render_body(function))
    }


def _render_body(function: ast.FunctionDef) -> str:
    return "\n".join(ast.unparse(node) for node in function.body)


async def count_file(python: Path, source: Path, tests: str, module: str, count: Count) -> None:
    """Judge one file and add what it comes to."""
    passed = run_plain(python, source, tests)
    content = (source / tests).read_bytes()
    silent = find_silent(content)
    verifier = bootstrap.build_verifier({"python": str(python), "mutants": "0"})
    async with verifier.open(source):
        judged = await verifier.verify(Candidate(source, module, tests, content, 1.0))
    found = {case.name: case for case in judged.cases}
    count.files += 1
    count.passed += len(passed)
    for name in sorted(passed):
        if re.sub(r"\[.*", "", name).rpartition("::")[2] in silent:
            count.silent.append(name)
            continue
        count.asserting += 1
        case = found.get(name)
        if case is None:
            reasons = tuple(reason for stage in judged.stages for reason in stage.reasons)
            if NOTHING_OF_ITS_OWN in reasons:
                count.asserting -= 1
                count.inherited.append(name)
                continue
            count.alarms.append(Alarm(name, "not judged", reasons[:2]))
        elif not case.is_sound:
            reasons = (*map(str, case.problems), case.message.strip()[-200:])
            count.alarms.append(Alarm(name, case.outcome.value, reasons))


def show(counts: dict[str, Count]) -> bool:
    """Print the tables; return whether the goal is reached."""
    rows = [
        [
            *(package, str(count.files), str(count.passed), str(count.asserting)),
            *(str(len(count.alarms)), f"{count.percent:.2f}%"),
        ]
        for package, count in counts.items()
    ]
    alarms = [alarm for count in counts.values() for alarm in count.alarms]
    asserting = sum(count.asserting for count in counts.values())
    percent = 100 * len(alarms) / asserting if asserting else 100.0
    rows.append(["all", "", "", str(asserting), str(len(alarms)), f"{percent:.2f}%"])
    print_table(["package", "files", "pass", "assert something", "unsound", ""], rows)
    inherited = sum(len(count.inherited) for count in counts.values())
    print(f"in files that define no test of their own, not judged: {inherited}")
    for alarm in alarms:
        print(f"- {alarm.test}: {alarm.outcome}")
    for (outcome, reason), number in Counter(
        (alarm.outcome, alarm.reasons[0] if alarm.reasons else "") for alarm in alarms
    ).most_common():
        print(f"{number} x {outcome}: {reason}")
    return percent <= UNSOUND_PERCENT_LIMIT


async def count_all(wanted: Sequence[str]) -> dict[str, Count]:
    """Count package after package."""
    python, counts = find_tools(), dict[str, Count]()
    for suite in SUITES:
        if wanted and not any(word in suite.package for word in wanted):
            continue
        source, count = fetch_source(suite.package), Count()
        for tests, module in find_pairs(suite, source):
            await count_file(python, source, tests, module, count)
            print(f"{suite.package} {tests}: {len(count.alarms)} unsound so far", flush=True)
        counts[suite.package] = count
    return counts


def main(arguments: Sequence[str]) -> int:
    """Count, print, write; the exit code says whether the goal was reached."""
    counts = asyncio.run(count_all(arguments))
    is_reached = show(counts)
    write_json("suites", counts)
    return 0 if is_reached else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
