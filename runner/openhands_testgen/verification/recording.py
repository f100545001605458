"""Run the tests once, with the recorder in the judged process and the record outside of it."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from openhands_testgen.domain.layout import (
    CONFIGURATION_SECTIONS,
    PYPROJECT,
    dotted_name,
    find_outer_folder,
    import_roots,
    parse_pythonpath,
)
from openhands_testgen.sandbox.confinement import Protections
from openhands_testgen.sandbox.workbench import find_package_folders, read_foreign
from openhands_testgen.verification.configuration import CONFIGURATION_FILES
from openhands_testgen.verification.journal import Journal, parse_journal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.domain.verdict import Candidate
    from openhands_testgen.sandbox.workbench import Workbench
    from openhands_testgen.verification.lane import Lane

RECORDER, *PARTS = (
    Path(__file__).with_name("inside") / name for name in ("recorder.py", "concealment.py")
)
DATA = "coverage.data"
CONFIGURATION = "coverage.ini"
MAX_RECORD_BYTES = 32_000_000
MAX_CONFIGURATION_BYTES = 1_000_000
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
# Plugins that tests may need, by what such tests mention; used where they are installed.
PLUGINS = {
    b"asyncio": ("pytest_asyncio", ["-p", "pytest_asyncio", "-o", "asyncio_mode=auto"]),
    b"anyio": ("anyio", ["-p", "anyio.pytest_plugin"]),
    b"mocker": ("pytest_mock", ["-p", "pytest_mock"]),
}


@dataclass(frozen=True, slots=True)
class RunPlan:
    """How to run: ``files`` are test files, ``roots`` folders to import from, in the project.

    ``seed`` shuffles the tests and varies the hashes of strings; ``None`` leaves the file's order.
    ``data`` is the name of the file of coverage data, empty if coverage is not measured. With
    ``keeps_data`` the run finds what the one before left; ``is_traced`` counts the module's lines
    in another way than coverage.
    """

    files: tuple[str, ...]
    roots: tuple[str, ...]
    plugins: dict[str, list[str]]
    timeout_seconds: float
    seed: int | None = None
    data: str = ""
    keeps_data: bool = False
    is_traced: bool = False


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What one run left. ``changed`` are files of the project that the run changed.

    ``is_full`` says that it was ended because it wrote more than it may.
    """

    journal: Journal
    exit_code: int = 0
    timed_out: bool = False
    is_full: bool = False
    limit_seconds: float = 0
    changed: tuple[str, ...] = ()
    log: bytes = b""
    protections: Protections = field(default_factory=Protections)


async def run_tests(lane: Lane, candidate: Candidate, plan: RunPlan) -> RunRecord:
    """Run test files on a lane that is made as new before."""
    lane.reset(keeps_data=plan.keeps_data)
    python, bench = lane.limit(plan.timeout_seconds), lane.python.bench
    for file in (RECORDER, *PARTS):
        (bench.ours / file.name).write_bytes(file.read_bytes())
    token, canaries = secrets.token_hex(16), [f"test_{secrets.token_hex(4)}" for _ in range(2)]
    order = {
        "token": token,
        "canaries": canaries,
        "arguments": build_arguments(bench, plan.files),
        "plugins": plan.plugins,
        "roots": [str(bench.project / root) for root in plan.roots],
        "project": str(bench.project),
        "configuration": sorted(CONFIGURATION_FILES),
        "module": str(bench.project / candidate.module_path),
        "tests": str(bench.project / candidate.output_path),
        "is_traced": plan.is_traced,
        "seed": plan.seed,
        "coverage": _configure_coverage(bench, candidate, plan.data) if plan.data else None,
    }
    result, protections = await python.run(
        [str(bench.ours / RECORDER.name)],
        cwd=bench.project,
        stdin=json.dumps(order).encode(),
        hash_seed=(plan.seed or 0) % 2**32,
        output_limit_bytes=MAX_RECORD_BYTES,
    )
    return RunRecord(
        journal=parse_journal(result.stdout, token, canaries),
        exit_code=result.exit_code,
        timed_out=result.timed_out,
        is_full=result.stopped,
        limit_seconds=plan.timeout_seconds,
        changed=lane.find_changes(),
        log=result.stderr,
        protections=protections,
    )


def build_arguments(bench: Workbench, files: Sequence[str]) -> list[str]:
    """Build pytest's arguments: with none of the project's options or plugins."""
    return [
        *("-c", os.devnull, f"--rootdir={bench.project}", f"--confcutdir={bench.project}"),
        *("-p", "no:cacheprovider", "--import-mode=importlib"),
        *("--tb=short", "--color=no", "-q", *files),
    ]


def choose_plugins(content: bytes) -> dict[str, list[str]]:
    """Choose the plugins that a test file may need, with pytest's arguments for each."""
    return dict(choice for mention, choice in PLUGINS.items() if mention in content)


@dataclass(frozen=True, slots=True)
class Place:
    """How a module is imported: its dotted name, and folders of the project, best first."""

    import_name: str
    roots: tuple[str, ...]


def find_place(bench: Workbench, candidate: Candidate) -> Place:
    """Find out how tests import the module.

    The folder of the tests is the last root: tests import what lies beside them.
    """
    packages = find_package_folders(bench.project)
    files = {
        name: read_foreign(bench.project / name, MAX_CONFIGURATION_BYTES)
        for name in (PYPROJECT, *CONFIGURATION_SECTIONS)
    }
    configured = parse_pythonpath({name: text for name, text in files.items() if text is not None})
    roots = import_roots(candidate.module_path, packages, configured)
    tests = find_outer_folder(candidate.output_path, packages)
    name = dotted_name(candidate.module_path, packages, configured)
    return Place(name, tuple(dict.fromkeys((*roots, tests))))


def _configure_coverage(bench: Workbench, candidate: Candidate, data: str) -> str:
    configuration = bench.ours / CONFIGURATION
    module = _escape_pattern(bench.project / candidate.module_path)
    text = COVERAGE_CONFIGURATION.format(data=bench.out / data, module=module)
    configuration.write_text(text, encoding="utf-8")
    return str(configuration)


def _escape_pattern(path: Path) -> str:
    """Escape what coverage's patterns read as wildcards."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in str(path))
