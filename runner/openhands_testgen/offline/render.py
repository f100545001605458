"""A whole test file from cases. Pure: cases in, text out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from openhands_testgen.offline.blocks import Block, render_block
from openhands_testgen.offline.expressions import find_names
from openhands_testgen.offline.grouping import group_cases
from openhands_testgen.offline.imports import render_imports
from openhands_testgen.offline.inside.vocabulary import STANDARD
from openhands_testgen.offline.layout import join_blocks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from openhands_testgen.offline.cases import Case

HEAD = "They pin what the code does and specify nothing"
DOCSTRING = '''"""Tests of {module} as it behaves today.

{head}: when one fails after a change, the
behaviour has changed, which may well be right.
"""'''


@dataclass(frozen=True, slots=True)
class Rendered:
    """Test functions, and the names that they import."""

    blocks: tuple[Block, ...]
    names: frozenset[str]

    @property
    def tests(self) -> int:
        """How many tests they make."""
        return sum(block.tests for block in self.blocks)


def render_blocks(
    cases: Sequence[Case],
    order: Sequence[str],
    aliases: Mapping[str, tuple[str, str]],
    taken: Collection[str] = (),
) -> Rendered:
    """Render all cases as test functions; ``taken`` are names that the file has already."""
    known = frozenset({*aliases, *STANDARD})
    imported = frozenset(name for case in cases for name in _find_imported(case, known))
    names = set(taken)
    blocks = []
    for group in group_cases(cases, order):
        block = render_block(group, names, imported)
        names.add(block.name)
        blocks.append(block)
    used = {name for block in blocks for name in block.names} & known
    return Rendered(tuple(blocks), frozenset(used))


def render_file(rendered: Rendered, module: str, aliases: Mapping[str, tuple[str, str]]) -> str:
    """Render a new file."""
    docstring = DOCSTRING.format(module=module, head=HEAD)
    imports = render_imports(rendered.names, aliases)
    head = f"{docstring}\n\n{imports}"
    return join_blocks([head, *(block.text for block in rendered.blocks)])


def _find_imported(case: Case, known: frozenset[str]) -> set[str]:
    nodes = [case.call, *case.setup, *(value.node for value in case.values)]
    nodes += [node for node in (case.receiver, case.error) if node is not None]
    for check in (*case.checks, *case.changes):
        nodes += [node for node in (check.subject, check.expected) if node is not None]
    return find_names(nodes) & known
