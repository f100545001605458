"""The project's folder on this machine: paths that users name are read here, snapshots taken."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from openhands_testgen.clients.git import find_files
from openhands_testgen.domain.snapshot import Snapshot
from openhands_testgen.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_SNAPSHOT_FILES = 50_000
MAX_SNAPSHOT_BYTES = 500_000_000
NEW_FILE_MODE = 0o644
_LEFT_OUT = {
    ".git",
    ".testgen-results",
    ".venv",
    "venv",
    "node_modules",
    "__pycache__",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
}


class WorkingTree:
    """Reads the project's folder."""

    def __init__(self, root: Path) -> None:
        """Take the folder.

        Raises:
            ConfigurationError: there is no such folder.

        """
        if not root.is_dir():
            message = f"there is no folder {str(root)!r}; name the project's folder"
            raise ConfigurationError(message, field="working-directory")
        self.root = root.resolve()

    def locate(self, text: str, field: str) -> str:
        """Return a user's path as POSIX, relative to the folder.

        Raises:
            ConfigurationError: it leads outside of the folder.

        """
        path = Path(os.path.normpath(self.root / text))
        if not path.is_relative_to(self.root) or not self._leads_inside(path):
            message = f"{text!r} lies outside the working directory {str(self.root)!r}"
            raise ConfigurationError(message, field=field)
        return path.relative_to(self.root).as_posix()

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or ``None`` where no plain file stands."""
        full = self.root / path
        return full.read_bytes() if full.is_file() else None

    def is_folder(self, path: str) -> bool:
        """Whether a folder stands there."""
        return (self.root / path).is_dir()

    def is_link(self, path: str) -> bool:
        """Whether a symbolic link stands there."""
        return (self.root / path).is_symlink()

    def write(self, path: str, content: bytes) -> None:
        """Write a file whole or not at all, making its folders; never through a link.

        Raises:
            ConfigurationError: it cannot be written, or a folder on the way leads outside.

        """
        full = self.root / path
        if not full.parent.resolve().is_relative_to(self.root):
            message = f"{path} leads out of the working directory {str(self.root)!r}"
            raise ConfigurationError(message, field="output")
        try:
            _replace(full, content)
        except OSError as exc:
            message = f"{path} cannot be written: {exc.strerror or exc}"
            raise ConfigurationError(message, field="output") from exc

    def take_snapshot(self) -> Snapshot:
        """List the files that the agent starts from, and digest them.

        Raises:
            ConfigurationError: the folder is too large to hand over.

        """
        names = find_files(self.root)
        listed = names if names is not None else tuple(sorted(self._walk()))
        paths = tuple(path for path in listed if self._is_shared(path))
        self._check_size(paths)
        return Snapshot(self.root, paths, self._digest(paths))

    def _leads_inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self.root) or path.is_symlink()

    def _is_shared(self, path: str) -> bool:
        """Plain files only: a link could lead out of the project."""
        full = self.root / path
        return full.is_file() and not full.is_symlink() and full.resolve().is_relative_to(self.root)

    def _walk(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self.root):
            folders[:] = [name for name in folders if name not in _LEFT_OUT]
            base = Path(folder).relative_to(self.root)
            yield from (PurePosixPath(base, name).as_posix() for name in files)

    def _check_size(self, paths: tuple[str, ...]) -> None:
        size = sum((self.root / path).stat().st_size for path in paths)
        if len(paths) > MAX_SNAPSHOT_FILES or size > MAX_SNAPSHOT_BYTES:
            message = (
                f"{len(paths)} files, {size} bytes are more than the {MAX_SNAPSHOT_FILES} files "
                f"and {MAX_SNAPSHOT_BYTES} bytes that can be handed over; name a smaller folder, "
                "or let git ignore what is not source"
            )
            raise ConfigurationError(message, field="working-directory")

    def _digest(self, paths: tuple[str, ...]) -> str:
        digest = hashlib.sha256()
        for path in paths:
            content = hashlib.sha256((self.root / path).read_bytes()).digest()
            digest.update(os.fsencode(path) + b"\0" + content)
        return digest.hexdigest()


def _replace(path: Path, content: bytes) -> None:
    """Write a file beside the place and rename it, so that nobody reads a half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=".testgen-", delete_on_close=False) as file:
        file.write(content)
        file.close()
        Path(file.name).chmod(NEW_FILE_MODE)
        Path(file.name).replace(path)
