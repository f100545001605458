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

SHUFFLES = (1, 2)
LAST_SEED = 3


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
        for seed in SHUFFLES:
            trial = await self._run(project, output_path, module_path, source, seed)
            own = find_own_tests(source)
            failed = {one for one in trial.failed if one[0] in own}
            self.say(f"shuffled run {seed}: {trial.passed} passed, {len(failed)} taken out")
            source = prune(source, failed)
        last = await self._run(project, output_path, module_path, source, LAST_SEED)
        if not last.passed:
            message = f"{output_path}: no test passes; the lines above say why"
            self.say(last.log[-2000:])
            raise NothingToTestError(message)
        return source, last

    async def _run(
        self, project: Path, output_path: str, module_path: str, source: str, seed: int
    ) -> Trial:
        """Run on a fresh copy: an earlier run may have changed its own."""
        async with open_workbench(project) as bench:
            bench.put(output_path, source.encode())
            python = SandboxedPython(self.interpreter, bench, RunLimits(), self.environment)
            return await Stand(python, module_path, output_path).run(seed)
