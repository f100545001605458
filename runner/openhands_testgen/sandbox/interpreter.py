"""What the user's interpreter is: the one that has the project's dependencies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from openhands_testgen.clients.process import run_process
from openhands_testgen.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    type InstallOverlay = Callable[[Path], Awaitable[Path]]

OLDEST = (3, 9)
# In older ones the judge's own plugin, or its way to measure, does not work.
OLDEST_PYTEST, OLDEST_COVERAGE = 7, 6
PROBE = Path(__file__).with_name("inside") / "probe.py"
PROBE_SECONDS = 60.0
# What finding an interpreter takes: version managers, virtual environments, the user's packages.
PROBE_VARIABLES = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "PYTHONUSERBASE", "SYSTEMROOT")
PROBE_PREFIXES = ("PYENV_", "ASDF_", "UV_PYTHON", "VIRTUAL_ENV", "CONDA_")


class Facts(BaseModel):
    """What an interpreter says of itself."""

    version: tuple[int, int, int]
    executable: str
    prefixes: tuple[str, ...]
    paths: tuple[str, ...]
    user_base: str | None
    pytest: str | None
    coverage: str | None


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter that can run pytest and coverage.

    ``overlay`` is the folder that they come from if it has none, or old ones.
    """

    executable: Path
    version: tuple[int, int, int]
    readable: tuple[Path, ...]
    user_base: str | None
    overlay: Path | None


async def find_interpreter(
    python: str, project: Path, environment: Mapping[str, str], install_overlay: InstallOverlay
) -> Interpreter:
    """Ask the interpreter that ``python`` names, from the project's folder, what it is.

    Version managers choose by folder; what runs later is the real program, by its path.

    Raises:
        ConfigurationError: there is no such interpreter, or it is too old.

    """
    result = await run_process(
        [_locate(python, project), str(PROBE)],
        cwd=project,
        env=choose_probe_environment(environment),
        timeout_seconds=PROBE_SECONDS,
    )
    facts = parse_facts(python, result.stdout, result.stderr)
    executable = Path(facts.executable)
    overlay = None if has_tools(facts) else await install_overlay(executable)
    readable = choose_readable(facts, project, Path(environment.get("HOME") or "/"))
    return Interpreter(executable, facts.version, readable, facts.user_base, overlay)


def has_tools(facts: Facts) -> bool:
    """Whether the interpreter has a pytest and a coverage that can be used here."""
    pytest, coverage = _get_major(facts.pytest), _get_major(facts.coverage)
    return pytest >= OLDEST_PYTEST and coverage >= OLDEST_COVERAGE


def parse_facts(python: str, stdout: bytes, stderr: bytes) -> Facts:
    """Parse what the probe printed.

    Raises:
        ConfigurationError: it is no Python, or one that is too old.

    """
    try:
        facts = Facts.model_validate_json(stdout)
    except ValidationError as exc:
        said = stderr.decode(errors="replace").strip().splitlines() or ["it printed nothing usable"]
        message = f"{python!r} is not a working Python 3.9 or later: {said[-1]}"
        raise ConfigurationError(message, field="python") from exc
    if facts.version[:2] < OLDEST:
        shown = ".".join(map(str, facts.version))
        message = f"{python!r} is Python {shown}; the oldest that can judge tests is 3.9"
        raise ConfigurationError(message, field="python")
    return facts


def choose_readable(facts: Facts, project: Path, home: Path) -> tuple[Path, ...]:
    """Choose the folders that the interpreter needs, and nothing that would open more.

    An editable install puts the original project on the path: foreign code sees the copy only. The
    home folder, and what lies above it or above the project, is never opened.
    """
    prefixes = [Path(prefix) for prefix in facts.prefixes]
    own = [*prefixes, Path(facts.executable).resolve().parent]
    paths = [Path(path) for path in facts.paths if Path(path).is_absolute()]
    others = [
        path
        for path in paths
        if not path.is_relative_to(project) or any(path.is_relative_to(one) for one in prefixes)
    ]
    closed = {home, *home.parents, project, *project.parents}
    return tuple(dict.fromkeys(path for path in (*own, *others) if path not in closed))


def choose_probe_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Choose what of our environment the interpreter is asked with."""
    return _choose(environment, PROBE_VARIABLES, PROBE_PREFIXES)


def _get_major(version: str | None) -> int:
    """Return the first number of a version; 0 for what has none."""
    first = (version or "").partition(".")[0]
    return int(first) if first.isdecimal() else 0


def _choose(
    environment: Mapping[str, str], names: Iterable[str], prefixes: tuple[str, ...]
) -> dict[str, str]:
    wanted = set(names)
    return {
        name: value
        for name, value in environment.items()
        if name in wanted or name.startswith(prefixes)
    }


def _locate(python: str, project: Path) -> str:
    """Return a path of the user's as seen from the project; a bare name is looked up on PATH."""
    return str(project / python) if "/" in python else python
