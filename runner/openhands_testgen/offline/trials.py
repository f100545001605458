"""Run a test file confined, and learn which of its tests pass and what they reach."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from openhands_testgen.offline.places import find_roots, put_scripts
from openhands_testgen.sandbox.workbench import read_foreign

if TYPE_CHECKING:
    from openhands_testgen.sandbox.python import SandboxedPython

RESULTS = "trial.jsonl"
DATA = "trial.coverage"
REPORT = "trial.json"
MAX_BYTES = 50_000_000
# As the verdict measures: nothing is left out, whatever comments the module carries.
CONFIGURATION = """[run]
branch = true
data_file = {data}
include = {module}
disable_warnings = no-data-collected,module-not-imported,couldnt-parse
[report]
exclude_lines = (?!)
partial_branches = (?!)
partial_branches_always = (?!)
"""


class TrialRecord(BaseModel):
    """What became of one test; ``row`` is its place in a table, -1 where there is none."""

    model_config = ConfigDict(frozen=True)

    name: str
    row: int
    outcome: Literal["passed", "failed", "skipped"]
    message: str = ""


class Reached(BaseModel):
    """What the tests reach of the module, from coverage.py's report."""

    model_config = ConfigDict(frozen=True)

    executed_lines: frozenset[int] = frozenset()
    missing_branches: frozenset[tuple[int, int]] = frozenset()
    covered_lines: int = 0
    num_statements: int = 0
    covered_branches: int = 0
    num_branches: int = 0

    def covers(self, feature: str) -> bool:
        """Whether a jump between lines, such as ``3>4``, is among what is reached."""
        start, _, end = feature.partition(">")
        if feature.startswith("d"):
            return False
        line = int(end) if int(end) > 0 else int(start)
        return line in self.executed_lines and (int(start), int(end)) not in self.missing_branches


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a test file; ``log`` is what pytest printed."""

    records: tuple[TrialRecord, ...]
    exit_code: int
    log: str
    timed_out: bool

    @property
    def failed(self) -> frozenset[tuple[str, int]]:
        """The tests that did not pass, by name and row."""
        bad = (one for one in self.records if one.outcome != "passed")
        return frozenset((one.name, one.row) for one in bad)

    @property
    def passed(self) -> int:
        """How many tests passed."""
        return len({(one.name, one.row) for one in self.records}) - len(self.failed)


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a test file is tried: a workbench with it, and the module that it is about."""

    python: SandboxedPython
    module_path: str
    output_path: str

    async def run(self, seed: int = 0, *, is_measuring: bool = False) -> Trial:
        """Run all tests once, in an order of their own for each seed but 0."""
        bench = self.python.bench
        (bench.out / RESULTS).unlink(missing_ok=True)
        result, _ = await self.python.run(
            self._build_arguments(seed, is_measuring=is_measuring),
            cwd=bench.project,
            roots=find_roots(bench, self.module_path, self.output_path),
            hash_seed=seed,
        )
        records = read_foreign(bench.out / RESULTS, MAX_BYTES) or b""
        log = result.stdout + result.stderr
        return Trial(
            parse_records(records), result.exit_code, log.decode(errors="replace"), result.timed_out
        )

    async def measure(self) -> Reached:
        """Return what the last measuring run reached; nothing if it never imported the module."""
        bench = self.python.bench
        await self.python.run(
            [
                *("-m", "coverage", "json", "-q", f"--rcfile={bench.ours / 'trial.ini'}"),
                *(f"--data-file={bench.out / DATA}", "-o", str(bench.out / REPORT)),
                str(bench.project / self.module_path),
            ],
            cwd=bench.ours,
        )
        return parse_reached(read_foreign(bench.out / REPORT, MAX_BYTES) or b"")

    def _build_arguments(self, seed: int, *, is_measuring: bool) -> list[str]:
        bench = self.python.bench
        script = put_scripts(bench) / "trial.py"
        configuration = bench.ours / "trial.ini"
        module = bench.project / self.module_path
        text = CONFIGURATION.format(data=bench.out / DATA, module=_escape(str(module)))
        configuration.write_text(text, encoding="utf-8")
        coverage = ["-m", "coverage", "run", f"--rcfile={configuration}"] if is_measuring else []
        return [
            *coverage,
            *(str(script), str(seed), str(bench.out / RESULTS)),
            *("-c", os.devnull, f"--rootdir={bench.project}", f"--confcutdir={bench.project}"),
            *("-p", "no:cacheprovider", "--import-mode=importlib"),
            *("--tb=short", "--color=no", "-q", "-r", "fE", self.output_path),
        ]


def parse_records(content: bytes) -> tuple[TrialRecord, ...]:
    """Return the records of a run; lines that are none are left out."""
    records = []
    for line in content.splitlines():
        try:
            records.append(TrialRecord.model_validate_json(line))
        except ValidationError:
            continue
    return tuple(records)


class _File(BaseModel):
    summary: dict[str, float | str]
    executed_lines: frozenset[int] = frozenset()
    missing_branches: frozenset[tuple[int, int]] = frozenset()


class _Report(BaseModel):
    files: dict[str, _File]


def parse_reached(content: bytes) -> Reached:
    """Return what a report says of its one file; nothing if it is no such report."""
    try:
        (file,) = _Report.model_validate_json(content).files.values()
        return Reached.model_validate(
            {
                **file.summary,
                "executed_lines": file.executed_lines,
                "missing_branches": file.missing_branches,
            }
        )
    except (ValidationError, ValueError):
        return Reached()


def _escape(path: str) -> str:
    """Escape what coverage's patterns read as wildcards."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in path)
