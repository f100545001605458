"""File names from outside, made safe for the results folder."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PART_LENGTH = 100
MAX_PARTS = 12
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def render_slug(module_path: str) -> str:
    """Render a module's path as one plain word: ``src/shop/prices.py`` is ``src-shop-prices``."""
    words = re.sub(r"[^A-Za-z0-9_]+", "-", module_path.removesuffix(".py"))
    return words.strip("-")[-MAX_PART_LENGTH:].strip("-") or "module"


def choose_names(names: Iterable[str], taken: Iterable[str]) -> dict[str, PurePosixPath]:
    """Choose a safe relative path for each name; no two are the same on any file system.

    Nor does a file stand where another's folder has to. ``taken`` are paths that are spoken for.
    """
    files, folders = {path.casefold() for path in taken}, set[str]()
    chosen: dict[str, PurePosixPath] = {}
    for name in names:
        path = _find_free(_make_safe(name), files, folders)
        files.add(str(path).casefold())
        folders.update(str(parent).casefold() for parent in path.parents)
        chosen[name] = path
    return chosen


def _make_safe(name: str) -> PurePosixPath:
    parts = [_UNSAFE.sub("_", part)[:MAX_PART_LENGTH] for part in re.split(r"[/\\]", name)]
    kept = [part for part in parts if part.strip(".")]
    return PurePosixPath(*(kept[-MAX_PARTS:] or ["unnamed"]))


def _find_free(path: PurePosixPath, files: set[str], folders: set[str]) -> PurePosixPath:
    found = PurePosixPath()
    for part in path.parts[:-1]:
        found = _count_up(found / part, files)
    return _count_up(found / path.name, files | folders)


def _count_up(path: PurePosixPath, used: set[str]) -> PurePosixPath:
    free, number = path, 2
    while str(free).casefold() in used:
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return free
