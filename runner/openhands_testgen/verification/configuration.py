"""Files that change how tests are run: wherever a test leaves one, the next run would read it."""

from __future__ import annotations

from pathlib import PurePosixPath

CONFIGURATION_FILES = frozenset(
    {
        *("conftest.py", "sitecustomize.py", "usercustomize.py", "pytest.ini", ".pytest.ini"),
        *("pyproject.toml", "tox.ini", "setup.cfg", ".coveragerc"),
    }
)
_PATH_FILE = ".pth"
_CODE = {".py", ".pyc", ".so", ".pth", ".ini", ".toml", ".cfg"}


def is_configuration(path: str) -> bool:
    """Whether a file of this name is read by Python or by pytest without being asked for."""
    name = PurePosixPath(path)
    return name.name in CONFIGURATION_FILES or name.suffix == _PATH_FILE


def is_code(path: str) -> bool:
    """Whether a file of this name can change what a later run does, other than as its data."""
    return is_configuration(path) or PurePosixPath(path).suffix in _CODE
