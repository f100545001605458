"""A copy of the project for foreign code to run on, and the folders around it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import stat
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from openhands_testgen.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection

MAX_FILES = 50_000
MAX_BYTES = 1_000_000_000
LEFT_OUT = {
    ".git",
    ".hg",
    ".mypy_cache",
    ".nox",
    ".pytest_cache",
    ".ruff_cache",
    ".svn",
    ".testgen-results",
    ".tox",
    ".venv",
    "__pycache__",
    "node_modules",
    "venv",
}
VIRTUALENV_MARK = "pyvenv.cfg"


@dataclass(frozen=True, slots=True)
class Workbench:
    """Folders around one copy. Foreign code may write in all but ``ours``."""

    root: Path

    @property
    def project(self) -> Path:
        """The copy."""
        return self.root / "project"

    @property
    def home(self) -> Path:
        """The home folder of foreign code."""
        return self.root / "home"

    @property
    def temporary(self) -> Path:
        """The folder for temporary files of foreign code."""
        return self.root / "tmp"

    @property
    def out(self) -> Path:
        """Where pytest and coverage write their results."""
        return self.root / "out"

    @property
    def ours(self) -> Path:
        """What foreign code may read, but not write."""
        return self.root / "ours"

    @property
    def writable(self) -> tuple[Path, ...]:
        """What foreign code may write in."""
        return (self.project, self.home, self.temporary, self.out)

    def put(self, path: str, content: bytes) -> None:
        """Put a file into the copy in place of what stands there; ``path`` is relative, POSIX.

        Raises:
            ConfigurationError: a folder on the way leads out of the copy.

        """
        target = self.project / path
        if not target.parent.resolve().is_relative_to(self.project):
            message = f"{path} leads out of the project"
            raise ConfigurationError(message, field="output")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_bytes(content)


@asynccontextmanager
async def open_workbench(
    project: Path, left_out: Collection[Path] = (), scratch: Path | None = None
) -> AsyncIterator[Workbench]:
    """Copy a project as it stands, and remove all of it at the end.

    ``left_out`` are absolute paths; ``scratch`` is where the folder is made.

    Raises:
        ConfigurationError: the project is too large.

    """
    bench = Workbench(Path(tempfile.mkdtemp(prefix="testgen-bench-", dir=scratch)).resolve())
    filling = asyncio.create_task(asyncio.to_thread(_fill, bench, project, left_out))
    try:
        await asyncio.shield(filling)
        yield bench
    finally:
        await asyncio.wait([filling])  # a thread cannot be cancelled
        await asyncio.to_thread(remove_tree, bench.root)


def copy_project(source: Path, target: Path, left_out: Collection[Path] = ()) -> None:
    """Copy a folder without caches, virtual environments and links that lead out of it.

    Raises:
        ConfigurationError: it is too large.

    """
    files = size = 0
    for folder, names, files_here in os.walk(source):
        here = Path(folder)
        there = target / here.relative_to(source)
        for name in [*names, *files_here]:
            if (here / name).is_symlink():
                _copy_link(here / name, there / name, source)
        names[:] = [name for name in names if _is_wanted_folder(here / name, left_out)]
        for name in names:
            (there / name).mkdir(exist_ok=True)
        for path in (here / name for name in files_here):
            if not path.is_symlink() and path.is_file():
                files, size = files + 1, size + path.stat().st_size
                _check_size(files, size)
                shutil.copy2(path, there / path.name)


def remove_tree(path: Path) -> None:
    """Remove a file, a link or a folder with all in it, also where foreign code made that hard."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, onexc=_remove_stubborn)


def find_package_folders(project: Path) -> frozenset[str]:
    """Return the folders with an ``__init__.py``, POSIX and relative."""
    found = (path.parent.relative_to(project).as_posix() for path in project.rglob("__init__.py"))
    return frozenset("" if folder == "." else folder for folder in found)


def read_foreign(path: Path, limit_bytes: int) -> bytes | None:
    """Read a file that foreign code could have made; ``None`` if it is not plain or too large.

    A link would lead out of the copy, and a pipe would never end.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_size > limit_bytes:
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(limit_bytes)


def digest_file(path: Path, limit_bytes: int = MAX_BYTES) -> str:
    """Return the digest of a file that foreign code could have changed; empty if it is gone."""
    content = read_foreign(path, limit_bytes)
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _fill(bench: Workbench, project: Path, left_out: Collection[Path]) -> None:
    for folder in (*bench.writable, bench.ours):
        folder.mkdir()
    copy_project(project.resolve(), bench.project, left_out)


def _is_wanted_folder(path: Path, left_out: Collection[Path]) -> bool:
    if path.name in LEFT_OUT or path.is_symlink() or path in left_out:
        return False
    return not (path / VIRTUALENV_MARK).is_file()


def _copy_link(link: Path, copy: Path, source: Path) -> None:
    """Copy a link as a relative one, or not at all if it leads out of the project."""
    target = link.resolve()
    if target.is_relative_to(source) and target.exists():
        copy.symlink_to(os.path.relpath(target, link.parent.resolve()))


def _check_size(files: int, size: int) -> None:
    if files > MAX_FILES or size > MAX_BYTES:
        message = (
            f"more than {MAX_FILES} files or {MAX_BYTES} bytes are too much to copy for the "
            "verdict; name a smaller folder"
        )
        raise ConfigurationError(message, field="working-directory")


def _remove_stubborn(remove: Callable[..., object], path: str, problem: BaseException) -> None:
    """Remove what foreign code made unremovable for a plain user."""
    folder = Path(path) if remove in {os.open, os.scandir, os.listdir} else Path(path).parent
    if folder.is_symlink() or isinstance(problem, FileNotFoundError):
        return
    folder.chmod(0o700)
    shutil.rmtree(path, ignore_errors=True)
    Path(path).unlink(missing_ok=True)
