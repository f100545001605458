"""Stage *run*: every test that the file defines is reported, and passes."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openhands_testgen.domain.layout import (
    CONFIGURATION_SECTIONS,
    PYPROJECT,
    find_outer_folder,
    import_roots,
    parse_pythonpath,
)
from openhands_testgen.domain.verdict import CaseResult, Outcome, StageResult
from openhands_testgen.sandbox.workbench import (
    digest_file,
    find_package_folders,
    read_foreign,
)
from openhands_testgen.verification.junit import parse_junit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from openhands_testgen.domain.verdict import Candidate
    from openhands_testgen.sandbox.confinement import Protections
    from openhands_testgen.sandbox.python import SandboxedPython
    from openhands_testgen.sandbox.workbench import Workbench

NAME = "run"
JUNIT = "junit.xml"
DATA = "coverage.data"
CONFIGURATION = "coverage.ini"
MAX_REPORT_BYTES = 20_000_000
MAX_CONFIGURATION_BYTES = 1_000_000
MAX_REASON_LENGTH = 300
SIGNALLED = 128
# Nothing is left out, whatever comments the module carries.
COVERAGE_CONFIGURATION = """[run]
branch = true
data_file = {data}
include = {module}
disable_warnings = no-data-collected,module-not-imported,couldnt-parse
[report]
exclude_lines = (?!)
partial_branches = (?!)
partial_branches_always = (?!)
"""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What one run of the tests left; ``cases`` is ``None`` if there is no report."""

    exit_code: int
    timed_out: bool
    cases: tuple[CaseResult, ...] | None
    is_module_changed: bool
    limit_seconds: float
    log: bytes = b""
    junit: bytes = b""


async def run_tests(python: SandboxedPython, candidate: Candidate) -> tuple[RunRecord, Protections]:
    """Run the file under pytest and coverage, once."""
    bench = python.bench
    module = bench.project / candidate.module_path
    configuration = bench.ours / CONFIGURATION
    configuration.write_text(
        COVERAGE_CONFIGURATION.format(data=bench.out / DATA, module=_escape_pattern(module)),
        encoding="utf-8",
    )
    digest = digest_file(module)
    result, protections = await python.run(
        build_arguments(bench, candidate.output_path, configuration),
        cwd=bench.project,
        roots=find_roots(bench, candidate),
    )
    junit = read_foreign(bench.out / JUNIT, MAX_REPORT_BYTES) or b""
    record = RunRecord(
        exit_code=result.exit_code,
        timed_out=result.timed_out,
        cases=parse_junit(junit, candidate.output_path) if junit else None,
        is_module_changed=digest_file(module) != digest,
        limit_seconds=python.limits.timeout_seconds,
        log=result.stdout + result.stderr,
        junit=junit,
    )
    return record, protections


def build_arguments(bench: Workbench, output_path: str, configuration: Path) -> list[str]:
    """Build the interpreter's arguments: pytest with none of the project's options or plugins."""
    coverage = ["-m", "coverage", "run", f"--rcfile={configuration}"]
    return [
        *coverage,
        *("-m", "pytest", "-c", os.devnull, f"--rootdir={bench.project}"),
        *(f"--confcutdir={bench.project}", "-p", "no:cacheprovider", "--import-mode=importlib"),
        *(f"--junitxml={bench.out / JUNIT}", "--tb=short", "--color=no", "-q", output_path),
    ]


def find_roots(bench: Workbench, candidate: Candidate) -> tuple[Path, ...]:
    """Return the folders of the copy to import from.

    The folder of the tests is the last one: tests import what lies beside them.
    """
    packages = find_package_folders(bench.project)
    files = {
        name: read_foreign(bench.project / name, MAX_CONFIGURATION_BYTES)
        for name in (PYPROJECT, *CONFIGURATION_SECTIONS)
    }
    configured = parse_pythonpath({name: text for name, text in files.items() if text is not None})
    roots = import_roots(candidate.module_path, packages, configured)
    tests = find_outer_folder(candidate.output_path, packages)
    return tuple(bench.project / root for root in dict.fromkeys((*roots, tests)))


def judge_run(
    record: RunRecord, expected: Sequence[str], output_path: str
) -> tuple[StageResult, tuple[CaseResult, ...]]:
    """Decide whether a run shows that all expected tests pass; name those that are missing."""
    cases = add_missing(record.cases or (), expected, output_path)
    reasons = tuple(_find_reasons(record, cases, output_path))
    return StageResult(NAME, passed=not reasons, reasons=reasons), cases


def add_missing(
    cases: Sequence[CaseResult], expected: Sequence[str], output_path: str
) -> tuple[CaseResult, ...]:
    """Return the cases and, for each expected test without one, a case that is missing."""
    present = {case.name.partition("[")[0] for case in cases}
    missing = [
        CaseResult(node_id, "", Outcome.MISSING, "defined in the file, but not in the report")
        for node_id in (f"{output_path}::{name}" for name in expected)
        if node_id not in present
    ]
    return (*cases, *missing)


def _find_reasons(record: RunRecord, cases: Sequence[CaseResult], output_path: str) -> list[str]:
    if record.timed_out:
        return [f"the tests did not end within {record.limit_seconds:g} s"]
    if record.cases is None:
        return [_explain_no_report(record)]
    broken = [case for case in cases if case.name == output_path]
    if broken:
        return [f"the file cannot be collected: {_shorten(case.message)}" for case in broken]
    reasons = [_explain(case) for case in cases if case.outcome not in _HARMLESS]
    if record.is_module_changed:
        reasons.append("the tests changed the module under test while they ran")
    if not any(case.outcome is Outcome.PASSED for case in cases):
        skipped = sum(case.outcome is Outcome.SKIPPED for case in cases)
        reasons.append(f"no test passed ({skipped} skipped)")
    if record.exit_code and not reasons:
        reasons.append(f"pytest ended with exit code {record.exit_code}, though no test failed")
    return reasons


_HARMLESS = {Outcome.PASSED, Outcome.SKIPPED}


def _explain(case: CaseResult) -> str:
    if case.outcome is Outcome.MISSING:
        return f"{case.name} is defined, but was not run"
    verb = "failed" if case.outcome is Outcome.FAILED else "ended in an error"
    return f"{case.name} {verb}: {_shorten(case.message)}"


def _explain_no_report(record: RunRecord) -> str:
    signal_number = record.exit_code - SIGNALLED
    if signal_number == signal.SIGXCPU:
        return "the tests used more CPU time than they may"
    if signal_number == signal.SIGKILL:
        return "the tests were killed: they used more CPU time or memory than they may"
    return (
        f"pytest ended with exit code {record.exit_code} and without a report: "
        "something in the tests ended it"
    )


def _shorten(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return " / ".join(lines)[:MAX_REASON_LENGTH]


def _escape_pattern(path: Path) -> str:
    """Escape what coverage's patterns read as wildcards."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in str(path))
