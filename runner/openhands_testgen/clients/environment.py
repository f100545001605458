"""Installs one of our locked environments through ``runner/environment``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from openhands_testgen.clients.process import run_process
from openhands_testgen.errors import BackendError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

INSTALL_SECONDS = 600.0


async def install_environment(
    program: Path, name: str, environment: Mapping[str, str], arguments: tuple[str, ...] = ()
) -> Path:
    """Install the lock ``name`` once and return its folder.

    ``program`` is ``runner/environment``, which runs with ``environment``.

    Raises:
        ConfigurationError: this is no checkout, so that there is nothing to install from.
        BackendError: it cannot be installed.

    """
    if not program.is_file():
        message = f"{program} is missing; run from a checkout of openhands-testgen"
        raise ConfigurationError(message)
    result = await run_process(
        [str(program), name, *arguments],
        cwd=program.parent,
        env=environment,
        timeout_seconds=INSTALL_SECONDS,
    )
    if result.exit_code or result.timed_out:
        said = result.stderr.decode(errors="replace").strip().splitlines() or ["it took too long"]
        message = f"The environment `{name}` could not be installed: {said[-1]}"
        raise BackendError(message)
    return Path(result.stdout.decode().strip().splitlines()[-1])
