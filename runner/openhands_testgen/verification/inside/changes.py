"""Changed modules: all that there are, a sample of them, and how one is made."""

from __future__ import annotations

import ast
import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openhands_testgen.verification.inside.operators import OPERATORS, Operators
from openhands_testgen.verification.inside.sites import Site, find_sites

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from types import CodeType

MAX_TEXT = 160


@dataclass(frozen=True)
class Change:
    """One node in the place of another; none removes it from its list."""

    site: Site
    operator: str
    ordinal: int
    node: ast.AST | None

    @property
    def line(self) -> int:
        """The line where the changed node begins."""
        return self.site.node.lineno

    @property
    def column(self) -> int:
        """The column where the changed node begins, from 0."""
        return self.site.node.col_offset

    def compile(self, tree: ast.Module, path: str) -> CodeType | None:
        """Compile the changed module; ``None`` where that is no program."""
        with self._in_place():
            try:
                return compile(tree, path, "exec", dont_inherit=True)
            except (SyntaxError, ValueError, TypeError, RecursionError):
                return None

    def describe(self, lines: list[bytes]) -> tuple[str, str]:
        """Return what stands there and what would, as source; ``lines`` are the file's."""
        before = get_source(self.site.node, lines)
        after = "" if self.node is None else ast.unparse(self.node)
        return shorten(before), shorten(after)

    @contextmanager
    def _in_place(self) -> Iterator[None]:
        owner, field, index = self.site.owner, self.site.field, self.site.index
        before = getattr(owner, field)
        if index is None:
            after: object = self.node
        else:
            after = [*before[:index], *([self.node] if self.node else []), *before[index + 1 :]]
        setattr(owner, field, after)
        try:
            yield
        finally:
            setattr(owner, field, before)


def find_changes(
    tree: ast.Module, covered: Collection[int], operators: Operators = OPERATORS
) -> Iterator[Change]:
    """Yield all changes on covered lines, in the order of the source."""
    lines = frozenset(covered)
    for site in find_sites(tree):
        if lines.isdisjoint(site.place.lines):
            continue
        for name, operate in operators:
            for ordinal, node in enumerate(operate(site)):
                if node is not None:
                    ast.copy_location(node, site.node)
                    ast.fix_missing_locations(node)
                yield Change(site, name, ordinal, node)


def spread(changes: Iterable[Change], seed: int) -> list[Change]:
    """Put changes in an order whose every beginning is spread over functions and lines."""
    by_line: dict[int, list[Change]] = {}
    for change in sorted(changes, key=lambda change: _draw(change, seed)):
        by_line.setdefault(change.line, []).append(change)
    rank: dict[tuple[int, str], int] = {}
    keyed: list[tuple[int, int, str, Change]] = []
    for line in sorted(by_line, key=lambda line: _draw(by_line[line][0], seed)):
        for turn, change in enumerate(by_line[line]):
            group = (turn, change.site.place.function)
            rank[group] = rank.get(group, 0) + 1
            keyed.append((turn, rank[group], _draw(change, seed), change))
    return [change for *_, change in sorted(keyed, key=lambda row: row[:3])]


def get_source(node: ast.AST, lines: list[bytes]) -> str:
    """Return a node's own text, as it stands in the file."""
    start, end = node.lineno - 1, node.end_lineno - 1  # type: ignore[attr-defined]  # parsed
    found = lines[start : end + 1]
    found[-1] = found[-1][: node.end_col_offset]  # type: ignore[attr-defined]  # parsed
    found[0] = found[0][node.col_offset :]  # type: ignore[attr-defined]  # parsed
    return b"\n".join(found).decode("utf-8", "replace")


def shorten(text: str) -> str:
    """Return text on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_TEXT else f"{line[: MAX_TEXT - 3]}..."


def _draw(change: Change, seed: int) -> str:
    """Return the change's lot: the same in every version of Python."""
    node = change.site.node
    place = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
    name = f"{seed} {place} {change.operator} {change.ordinal}"
    return hashlib.sha256(name.encode()).hexdigest()
