"""The module as it stands, and the changed ones that are made of it."""

from __future__ import annotations

import ast
import importlib.util
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from openhands_testgen.verification.inside.changes import Change, find_changes, spread
from openhands_testgen.verification.inside.controls import CONTROLS

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import CodeType


@dataclass(frozen=True)
class Mutant:
    """A changed module. ``lines`` are those that have to run for the change to matter."""

    change: Change
    code: CodeType

    @property
    def lines(self) -> frozenset[int]:
        """The lines of the changed node and of its statement."""
        return self.change.site.place.lines | {self.change.line}


class Module:
    """A source file, read once: whatever is done to it later, all mutants are of this text."""

    def __init__(self, path: str) -> None:
        """Read and compile the file."""
        content = Path(path).read_bytes()
        self.path = path
        self.lines = importlib.util.decode_source(content).encode().split(b"\n")
        self.tree = ast.parse(content, path)
        self.code: CodeType = compile(self.tree, path, "exec", dont_inherit=True)

    def mutate(self, covered: Collection[int], seed: int, count: int) -> tuple[list[Mutant], int]:
        """Make at most ``count`` mutants on covered lines; return also how many changes there are.

        What compiles to the same code as the module, or as another mutant, is no mutant.
        """
        found = list(find_changes(self.tree, covered))
        return self._make(spread(found, seed), count), len(found)

    def control(self, covered: Collection[int], seed: int, count: int) -> list[Mutant]:
        """Make other code that does the same: what fails there fails for no good reason.

        There are as many of each kind, where there can be.
        """
        kinds = [
            self._make(spread(find_changes(self.tree, covered, (operator,)), seed), count)
            for operator in CONTROLS
        ]
        mixed = [mutant for row in zip_longest(*kinds) for mutant in row if mutant is not None]
        return mixed[:count]

    def describe(self, mutant: Mutant) -> dict[str, object]:
        """Return what is changed, and where."""
        before, after = mutant.change.describe(self.lines)
        return {
            "line": mutant.change.line,
            "column": mutant.change.column,
            "function": mutant.change.site.place.function,
            "operator": mutant.change.operator,
            "before": before,
            "after": after,
        }

    def _make(self, changes: list[Change], count: int) -> list[Mutant]:
        made: dict[CodeType, Mutant] = {}
        for change in changes:
            if len(made) >= count:
                break
            code = change.compile(self.tree, self.path)
            if code is not None and code != self.code:
                made.setdefault(code, Mutant(change, code))
        return list(made.values())
