"""Check a generated file: take out what fails or wavers in shuffled runs, then run once more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from openhands_testgen.errors import NothingToTestError
from openhands_testgen.offline.pruning import find_own_tests, prune
from openhands_testgen.offline.trials import Stand
from openhands_testgen.sandbox.python import RunLimits, SandboxedPython
from openhands_testgen.sandbox.workbench import open_workbench

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from openhands_testgen.offline.trials import Trial
    from openhands_testgen.sandbox.interpreter import Interpreter

SHUFFLES = 2
MAX_RUNS = 6


@dataclass(frozen=True, slots=True)
class Checker:
    """Runs a test file on copies of its project."""

    interpreter: Interpreter
    environment: Mapping[str, str]
    say: Callable[[str], None]

    async def check(self, project: Path, output_path: str, module_path: str) -> tuple[str, Trial]:
        """Return the file without what failed, and its last run.

        Raises:
            NothingToTestError: nothing of it passes.

        """
        source = (project / output_path).read_text(encoding="utf-8")
        trial: Trial | None = None
        for seed in range(1, MAX_RUNS + 1):
            trial = await self._run(project, output_path, module_path, source, seed)
            failed = {one for one in trial.failed if one[0] in find_own_tests(source)}
            self.say(f"shuffled run {seed}: {trial.passed} passed, {len(failed)} taken out")
            if seed > SHUFFLES and not failed:
                break
            source = prune(source, failed)
        if trial is None or not trial.passed:
            self.say(trial.log[-2000:] if trial else "")
            message = f"{output_path}: no test passes; the lines above say why"
            raise NothingToTestError(message)
        return source, trial

    async def _run(
        self, project: Path, output_path: str, module_path: str, source: str, seed: int
    ) -> Trial:
        """Run on a fresh copy: an earlier run may have changed its own."""
        async with open_workbench(project) as bench:
            bench.put(output_path, source.encode())
            python = SandboxedPython(self.interpreter, bench, RunLimits(), self.environment)
            return await Stand(python, module_path, output_path).run(seed)
