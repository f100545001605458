"""Single files of npm packages, for checks that no Python package can do; kept in a cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

PATIENCE_SECONDS = 300


class NoPackageError(Exception):
    """There is no npm here, or it cannot reach a registry."""


def fetch(package: str, version: str, member: str) -> Path:
    """Return a file of a package, which npm downloads and checks the first time."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    place = Path(base, "openhands-testgen-tests", f"{package}-{version}", Path(member).name)
    if not place.is_file():
        npm = shutil.which("npm")
        if npm is None:
            raise NoPackageError(f"{package} is checked with npm, which is not installed")
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as folder:
            archive = _download(npm, f"{package}@{version}", Path(folder))
            with tarfile.open(archive) as files:
                source = files.extractfile(f"package/{member}")
                assert source is not None
                part = Path(folder, "part")
                part.write_bytes(source.read())
            part.replace(place)
    return place


def _download(npm: str, name: str, folder: Path) -> Path:
    command = [npm, "pack", "--silent", "--ignore-scripts", name]
    try:
        subprocess.run(
            command, cwd=folder, check=True, capture_output=True, timeout=PATIENCE_SECONDS
        )
    except (subprocess.SubprocessError, OSError) as exc:
        raise NoPackageError(f"npm could not download {name}: {exc}") from exc
    (archive,) = folder.glob("*.tgz")
    return archive
