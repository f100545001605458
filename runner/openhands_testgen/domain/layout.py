"""Where a module is imported from: its dotted name, and the folders that go on ``sys.path``.

All paths are POSIX and relative to the project; ``""`` is the project's folder itself.
"""

from __future__ import annotations

import configparser
import shlex
import tomllib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

CONFIGURATION_SECTIONS = {
    "pytest.ini": "pytest",
    ".pytest.ini": "pytest",
    "tox.ini": "pytest",
    "setup.cfg": "tool:pytest",
}
PYPROJECT = "pyproject.toml"
SOURCE_FOLDER = "src"


def dotted_name(
    module_path: str, package_dirs: Collection[str], configured: Iterable[str] = ()
) -> str:
    """Return the name under which a module is imported (``src/shop/cart.py``: ``shop.cart``).

    ``package_dirs`` are the folders with an ``__init__.py``; ``configured`` are folders that the
    project puts on the path itself.
    """
    root = _find_root(module_path, package_dirs, configured)
    path = PurePosixPath(module_path).relative_to(root).with_suffix("")
    parts = path.parts[:-1] if path.name == "__init__" else path.parts
    return ".".join(parts)


def import_roots(
    module_path: str, package_dirs: Collection[str], configured: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return the folders from which a module and its neighbours are imported, best first.

    A folder that is no package can be a namespace package or a folder of scripts which import
    one another: both work, as the folder itself comes last.
    """
    configured = tuple(configured)
    root = _find_root(module_path, package_dirs, configured)
    folder = _get_parent(module_path)
    is_script = folder not in package_dirs and root == ""
    return tuple(dict.fromkeys([root, *configured, "", *([folder] if is_script else [])]))


def find_outer_folder(path: str, package_dirs: Collection[str]) -> str:
    """Return the first folder above a file that is no package."""
    folder = _get_parent(path)
    while folder and folder in package_dirs:
        folder = _get_parent(folder)
    return folder


def parse_pythonpath(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return pytest's ``pythonpath`` from the project's configuration files, by name.

    Files that cannot be parsed say nothing; folders outside of the project are left out.
    """
    found: list[str] = []
    for name, content in files.items():
        try:
            text = content.decode("utf-8-sig")
            found += _parse_pyproject(text) if name == PYPROJECT else _parse_ini(name, text)
        except (ValueError, configparser.Error):
            continue
    folders = [PurePosixPath(folder) for folder in found]
    inside = [path for path in folders if not path.is_absolute() and ".." not in path.parts]
    return tuple(
        dict.fromkeys("" if path.as_posix() == "." else path.as_posix() for path in inside)
    )


def _find_root(module_path: str, package_dirs: Collection[str], configured: Iterable[str]) -> str:
    outer = find_outer_folder(module_path, package_dirs)
    if _get_parent(module_path) != outer:
        return outer
    candidates = [*configured, *([] if SOURCE_FOLDER in package_dirs else [SOURCE_FOLDER])]
    above = [root for root in candidates if _is_above(root, module_path)]
    if above:
        return max(above, key=len)
    return "" if _is_importable(outer) else outer


def _is_above(folder: str, path: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)


def _is_importable(folder: str) -> bool:
    return all(part.isidentifier() for part in PurePosixPath(folder).parts)


def _get_parent(path: str) -> str:
    return path.rpartition("/")[0]


def _parse_pyproject(text: str) -> list[str]:
    value: object = tomllib.loads(text)
    for key in ("tool", "pytest", "ini_options", "pythonpath"):
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, str):
        return shlex.split(value)
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def _parse_ini(name: str, text: str) -> list[str]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    section = CONFIGURATION_SECTIONS.get(name, "")
    return shlex.split(parser.get(section, "pythonpath", fallback=""))
