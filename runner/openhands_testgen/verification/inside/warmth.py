"""Import once what every session needs, so that a fork has it for nothing.

The process that does this never runs code of the project: it is the parent of those that judge.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib
import importlib.machinery
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

OWN_PACKAGE = "openhands_testgen"
# Python itself has them before any path counts: the project's cannot be meant.
STARTED_WITH = frozenset(
    (
        *sys.builtin_module_names,
        *(OWN_PACKAGE, "__main__", "abc", "codecs", "encodings", "genericpath", "io", "ntpath"),
        *("os", "posixpath", "site", "stat", "zipimport"),
    )
)


def import_all(names: Iterable[str], roots: Sequence[str]) -> None:
    """Import what does not come from the project; what cannot be imported is passed over."""
    for name in names:
        if not _is_found(name.partition(".")[0], roots):
            with contextlib.suppress(BaseException):
                importlib.import_module(name)


def settle(roots: Sequence[str]) -> None:
    """Leave nothing in the way of the project's modules, or of forks."""
    for name in list(sys.modules):
        top = name.partition(".")[0]
        if top == OWN_PACKAGE or (top not in STARTED_WITH and _is_found(top, roots)):
            del sys.modules[name]
    sys.path[:] = [path for path in sys.path if path != str(Path.cwd())]
    gc.collect()
    gc.freeze()


def find_imports(sources: Iterable[str]) -> Iterator[str]:
    """Yield what files import by absolute names; files that cannot be read import nothing."""
    for source in sources:
        try:
            tree = ast.parse(Path(source).read_bytes())
        except (OSError, SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module


def _is_found(name: str, roots: Sequence[str]) -> bool:
    spec = importlib.machinery.PathFinder.find_spec(name, list(roots))
    return spec is not None and spec.origin is not None
