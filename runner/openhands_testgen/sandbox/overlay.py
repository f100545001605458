"""Install pytest and coverage for an interpreter that has them not, beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from openhands_testgen.clients.process import run_process
from openhands_testgen.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

INSTALL_SECONDS = 300.0
LOCK = "judge"


@dataclass(frozen=True, slots=True)
class Overlay:
    """Installs ``locks/judge.txt`` through ``runner/environment``, with our own environment."""

    program: Path
    environment: Mapping[str, str]

    async def install(self, python: Path) -> Path:
        """Return the folder with pytest and coverage for this interpreter.

        Raises:
            ConfigurationError: they cannot be installed.

        """
        result = await run_process(
            [str(self.program), LOCK, "--python", str(python)],
            cwd=self.program.parent,
            env=self.environment,
            timeout_seconds=INSTALL_SECONDS,
        )
        if result.exit_code or result.timed_out:
            said = result.stderr.decode(errors="replace").strip().splitlines() or [
                "it took too long"
            ]
            message = (
                f"{python} has no pytest and coverage, and they could not be installed beside it "
                f"({said[-1]}); install them for it, or name another interpreter"
            )
            raise ConfigurationError(message, field="python")
        return Path(result.stdout.decode().strip().splitlines()[-1])
