"""A small project, its tests, and a workbench to judge them on."""

from __future__ import annotations

import os
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.domain.verdict import Candidate
from openhands_testgen.errors import ConfigurationError
from openhands_testgen.sandbox.interpreter import find_interpreter
from openhands_testgen.sandbox.overlay import Overlay
from openhands_testgen.sandbox.python import RunLimits, SandboxedPython
from openhands_testgen.sandbox.workbench import digest_file, open_workbench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

ROOT = Path(__file__).parents[2]
VERSIONS = Path.home() / ".pyenv" / "versions"
INTERPRETERS = ["3.9", "3.13"]
TESTS = "tests/test_it.py"


@dataclass(frozen=True, slots=True)
class Judged:
    """One module and its tests; ``roots`` are the folders to import from."""

    module: str
    files: Mapping[str, str]
    tests: str
    roots: tuple[str, ...] = ("", "tests")
    path: str = TESTS
    plugins: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where it is judged."""

    python: SandboxedPython
    candidate: Candidate
    roots: tuple[Path, ...]

    def digest(self) -> dict[str, str]:
        """Return a digest for each source file of the copy."""
        project = self.python.bench.project
        return {str(path): digest_file(path) for path in project.rglob("*.py")}


@asynccontextmanager
async def set_up(
    folder: Path, judged: Judged, python: str = sys.executable
) -> AsyncIterator[Bench]:
    """Write the project and open a workbench with a copy of it."""
    files = {judged.path: judged.tests, **judged.files}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    environment = dict(os.environ)
    overlay = Overlay(ROOT / "runner" / "environment", environment)
    try:
        interpreter = await find_interpreter(python, folder, environment, overlay.install)
    except ConfigurationError as exc:
        pytest.skip(f"no such interpreter: {exc}")
    candidate = Candidate(folder, judged.module, judged.path, judged.tests.encode(), 80)
    async with open_workbench(folder) as bench:
        sandboxed = SandboxedPython(interpreter, bench, RunLimits(), environment)
        yield Bench(sandboxed, candidate, tuple(bench.project / root for root in judged.roots))


def find_python(version: str) -> str:
    """Return an interpreter of a version, or skip the test."""
    found = sorted(VERSIONS.glob(f"{version}.*/bin/python"))
    if not found:
        pytest.skip(f"there is no Python {version} in {VERSIONS}")
    return str(found[-1])
