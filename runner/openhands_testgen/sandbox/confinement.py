"""Build the command that runs a program confined, and read back what was in force."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

if TYPE_CHECKING:
    from collections.abc import Sequence

SYSTEM_READABLE = tuple(
    Path(path)
    for path in (
        "/usr",
        "/lib",
        "/lib32",
        "/lib64",
        "/bin",
        "/etc/ld.so.cache",
        "/etc/ld.so.conf",
        "/etc/ld.so.conf.d",
        "/etc/ld.so.preload",
        "/etc/localtime",
        "/etc/mime.types",
        "/etc/nsswitch.conf",
        "/etc/passwd",
        "/etc/group",
        "/dev/urandom",
        "/dev/random",
        "/dev/zero",
    )
)
SYSTEM_WRITABLE = (Path("/dev/null"),)
GRACE_SECONDS = 2.0
_PROGRAM = Path(__file__).with_name("inside") / "confined.py"


@dataclass(frozen=True, slots=True)
class Confinement:
    """What a program may do.

    ``readable`` and ``writable`` are folders or files, writable ones readable too; what every
    program needs of the system is added. The limits on memory, CPU time and the size of a file
    are for each process.
    """

    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    memory_mb: int = 2048
    cpu_seconds: int = 60
    processes: int = 64
    file_mb: int = 64
    open_files: int = 512


class Protections(BaseModel):
    """What was in force around a program."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    landlock_abi: int = 0
    network: Literal["namespace", "filter", "landlock", "none"] = "none"
    sockets: bool = False
    signals: bool = False
    processes: bool = False
    limits: bool = False
    warnings: tuple[str, ...] = ()

    def describe(self) -> tuple[str, ...]:
        """Return what was in force, in words."""
        words = {
            f"files: Landlock ABI {self.landlock_abi}": self.landlock_abi > 0,
            "network: a namespace of its own": self.network == "namespace",
            "network: no new sockets": self.network == "filter",
            "network: TCP denied by Landlock": self.network == "landlock",
            "sockets: none with a path": self.sockets,
            "signals: to its own processes only": self.signals,
            "processes: a namespace that ends as a whole": self.processes,
            "limits: memory, CPU time, file size, open files": self.limits,
        }
        return tuple(text for text, is_in_force in words.items() if is_in_force)

    def warn(self) -> tuple[str, ...]:
        """Return what was not in force, in words."""
        missing = {
            "foreign code could read and write this user's files": self.landlock_abi == 0,
            "foreign code could use the network": self.network == "none",
            "foreign code could use the network except TCP": self.network == "landlock",
            "foreign code could connect to local sockets such as Docker's": not self.sockets,
            "foreign code could signal this user's processes": not self.signals,
            "memory and CPU time were not limited": not self.limits,
        }
        return (*(text for text, is_missing in missing.items() if is_missing), *self.warnings)


def confined_command(
    argv: Sequence[str], confinement: Confinement, report: Path | None = None
) -> list[str]:
    """Return the command that runs ``argv`` confined.

    ``report`` is where the protections in force are written, outside of what is writable. Run it
    with ``run_process`` and ``grace_seconds=GRACE_SECONDS``. On Windows this is ``argv`` itself.
    """
    if sys.platform == "win32":
        return list(argv)
    limits = json.dumps(list_limits(confinement, report))
    return [sys.executable, "-I", "-S", str(_PROGRAM), limits, "--", *argv]


def list_limits(confinement: Confinement, report: Path | None) -> dict[str, object]:
    """Return what ``inside/confined.py`` takes as its limits."""
    limits = asdict(confinement)
    limits["readable"] = _list_paths((*SYSTEM_READABLE, *confinement.readable))
    limits["writable"] = _list_paths((*SYSTEM_WRITABLE, *confinement.writable))
    limits["report"] = str(report) if report else None
    return limits


def read_protections(report: Path) -> Protections:
    """Return what was in force; nothing, with a warning, where there is no report."""
    try:
        return Protections.model_validate_json(report.read_bytes())
    except FileNotFoundError:
        return Protections(warnings=(f"there is no sandbox on {sys.platform}",))
    except ValidationError:
        return Protections(warnings=("the sandbox did not start: the program ended before it",))


def _list_paths(paths: Sequence[Path]) -> list[str]:
    return [str(path.absolute()) for path in dict.fromkeys(paths)]
