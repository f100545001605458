"""The words of a module: constants of its source, keys of its tables, texts for its patterns."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

from .docstrings import find_quoted
from .patterns import sample_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random
    from types import ModuleType

MAX_TEXT_LENGTH = 60
MAX_KEYS = 40
SAMPLES_PER_PATTERN = 6
Plain = (str, int, float, bytes)


class Words(NamedTuple):
    """Constants by type, those that matter most first."""

    texts: tuple[str, ...]
    numbers: tuple[int, ...]
    floats: tuple[float, ...]
    data: tuple[bytes, ...]


class Dictionary:
    """Words of the whole module, and of each function by the line where its body begins."""

    def __init__(self, module: ModuleType, source: bytes, random: Random) -> None:
        """Collect everything once."""
        self._tree = ast.parse(source)
        self._docstrings = _find_docstrings(self._tree)
        self._left_out = self._docstrings | _find_prose(self._tree)
        tables = [*_list_keys(module), *_list_samples(module, self._tree, random)]
        quoted = [text for node in self._docstrings for text in find_quoted(str(node.value))]
        self.whole = _sort([*self._list_constants(self._tree), *tables, *quoted])
        self.samples = tuple(dict.fromkeys(_list_samples(module, self._tree, random)))
        self.matches = tuple(dict.fromkeys(_list_matches(module, self._tree, random)))

    def find_local(self, lines: frozenset[int], docstring: str) -> Words:
        """Return the words of the function whose body has these lines, and of its docstring."""
        if not lines:
            return _sort(find_quoted(docstring))
        first, last = min(lines), max(lines)
        own = [
            node
            for node in ast.walk(self._tree)
            if first - 1 <= getattr(node, "lineno", -1) <= last
        ]
        constants = [value for node in own for value in self._read(node)]
        return _sort([*constants, *find_quoted(docstring)])

    def _list_constants(self, tree: ast.AST) -> Iterator[object]:
        for node in ast.walk(tree):
            yield from self._read(node)

    def _read(self, node: ast.AST) -> Iterator[object]:
        if isinstance(node, ast.Constant) and node not in self._left_out:
            yield node.value


def _sort(values: Iterable[object]) -> Words:
    found = list(
        dict.fromkeys((type(value), value) for value in values if isinstance(value, Plain))
    )
    texts = tuple(v for kind, v in found if kind is str and len(v) <= MAX_TEXT_LENGTH)  # type: ignore[arg-type]
    numbers = tuple(v for kind, v in found if kind is int)
    floats = tuple(v for kind, v in found if kind is float)
    data = tuple(v for kind, v in found if kind is bytes)
    return Words(texts, numbers, floats, data)  # type: ignore[arg-type] # sorted by type


def _find_docstrings(tree: ast.Module) -> set[ast.Constant]:
    found = set()
    for node in ast.walk(tree):
        constant = node.value if isinstance(node, ast.Expr) else None
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
            found.add(constant)
    return found


def _find_prose(tree: ast.Module) -> set[ast.Constant]:
    """Find what is said to people: the texts of errors and of formatted strings."""
    return {
        inner
        for node in ast.walk(tree)
        if isinstance(node, (ast.Raise, ast.JoinedStr, ast.Assert))
        for inner in ast.walk(node)
        if isinstance(inner, ast.Constant)
    }


def _list_keys(module: ModuleType) -> Iterator[object]:
    """List the keys of the tables that the module builds or imports."""
    for value in list(vars(module).values()):
        if (
            isinstance(value, dict) and value is not vars(module).get("__builtins__")
        ) or isinstance(value, (list, tuple, set, frozenset)):
            yield from list(value)[:MAX_KEYS]


def _list_samples(module: ModuleType, tree: ast.Module, random: Random) -> Iterator[str]:
    for pattern in _list_patterns(module, tree):
        for _ in range(SAMPLES_PER_PATTERN):
            text = sample_pattern(pattern, random)
            if text and len(text) <= MAX_TEXT_LENGTH:
                yield text


def _list_matches(module: ModuleType, tree: ast.Module, random: Random) -> Iterator[str]:
    """List sources of matches, for functions that take one."""
    for pattern in _list_patterns(module, tree):
        for _ in range(2):
            text = sample_pattern(pattern, random)
            if len(pattern.pattern) <= MAX_TEXT_LENGTH and pattern.match(text):
                yield f"re.match({pattern.pattern!r}, {text!r})"
    yield from ("re.match('(a)(b)?', 'ab')", "re.match('(a)(b)?', 'a')")


def _list_patterns(module: ModuleType, tree: ast.Module) -> Iterator[re.Pattern[str]]:
    spaces = [vars(module)]
    spaces += [dict(vars(one)) for one in vars(module).values() if isinstance(one, type)]
    for space in spaces:
        yield from (value for value in list(space.values()) if isinstance(value, re.Pattern))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            first = node.args[0]
            owner = getattr(node.func.value, "id", "")
            if owner == "re" and isinstance(first, ast.Constant) and isinstance(first.value, str):
                try:
                    yield re.compile(first.value)
                except re.error:
                    continue
