"""Judge a test file: stage after stage, cheapest first, on a copy, confined."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from openhands_testgen.domain.verdict import Verdict, Verification, decide
from openhands_testgen.errors import ConfigurationError
from openhands_testgen.sandbox.interpreter import Interpreter, find_interpreter
from openhands_testgen.sandbox.python import RunLimits, SandboxedPython
from openhands_testgen.sandbox.workbench import open_workbench
from openhands_testgen.verification.stages.coverage import judge_coverage, measure
from openhands_testgen.verification.stages.parse import judge_source
from openhands_testgen.verification.stages.run import judge_run, run_tests

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from openhands_testgen.domain.verdict import Candidate
    from openhands_testgen.sandbox.interpreter import InstallOverlay
    from openhands_testgen.sandbox.workbench import Workbench


@dataclass(slots=True)
class SandboxedVerifier:
    """Judges test files with the user's interpreter.

    ``python`` is a name on PATH or a path; ``environment`` is our own, of which judged code sees
    a few names. ``install_overlay`` takes an interpreter that lacks pytest or coverage and returns
    the folder where they are for it. ``left_out`` are absolute paths that are not copied, such as
    the results folder; ``scratch`` is where copies are made.
    """

    python: str
    environment: Mapping[str, str]
    install_overlay: InstallOverlay
    limits: RunLimits = field(default_factory=RunLimits)
    left_out: tuple[Path, ...] = ()
    scratch: Path | None = None
    _interpreters: dict[Path, Interpreter] = field(default_factory=dict)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def verify(self, candidate: Candidate) -> Verification:
        """Judge one test file; whatever it does, it ends in a verdict.

        Raises:
            ConfigurationError: the interpreter, or the project's folder, is not usable.

        """
        parsed = judge_source(candidate.content)
        if not parsed.stage.passed:
            return Verification(Verdict.REJECTED, (parsed.stage,))
        interpreter = await self._get_interpreter(candidate.project)
        async with open_workbench(candidate.project, self.left_out, self.scratch) as bench:
            _fit(bench, candidate)
            python = SandboxedPython(interpreter, bench, self.limits, self.environment)
            record, protections = await run_tests(python, candidate)
            stage, cases = judge_run(record, parsed.expected, candidate.output_path)
            stages = [parsed.stage, stage]
            coverage, report = None, b""
            if record.cases is not None and not record.is_module_changed:
                coverage, report = await measure(python, candidate)
                threshold = candidate.coverage_threshold
                stages.append(judge_coverage(coverage, threshold, candidate.module_path))
        files = {"junit.xml": record.junit, "coverage.json": report, "pytest.log": record.log}
        return Verification(
            verdict=decide(stages),
            stages=tuple(stages),
            cases=cases,
            coverage=coverage,
            protections=protections.describe(),
            warnings=protections.warn(),
            attachments={name: content for name, content in files.items() if content},
        )

    async def _get_interpreter(self, project: Path) -> Interpreter:
        """Ask once for each project, also when several files are judged side by side."""
        async with self._asking:
            if project not in self._interpreters:
                self._interpreters[project] = await find_interpreter(
                    self.python, project, self.environment, self.install_overlay
                )
            return self._interpreters[project]


def _fit(bench: Workbench, candidate: Candidate) -> None:
    if not (bench.project / candidate.module_path).is_file():
        message = f"{candidate.module_path} is not in {candidate.project}"
        raise ConfigurationError(message, field="working-directory")
    bench.put(candidate.output_path, candidate.content)
