"""Cut tests out of a file by its source lines; every other byte stays as it is."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from openhands_testgen.domain.expected import find_definitions
from openhands_testgen.verification.parameters import find_parameter_spans
from openhands_testgen.verification.source_text import SourceText

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from openhands_testgen.domain.expected import Function
    from openhands_testgen.verification.source_text import Span

type Node = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class CannotCutError(Exception):
    """A test does not stand in the file by itself, or what remains would not be Python."""


@dataclass(frozen=True, slots=True)
class Target:
    """A test as it was collected.

    ``name`` is its definition's (``TestCart::test_add``); ``line`` where its function begins, 0 if
    that is not known; ``indices`` which parameter of each name it has. ``key`` is the caller's.
    """

    key: str
    name: str
    line: int = 0
    indices: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cut:
    """What remains, and the keys of sound tests that could not be told from unsound ones."""

    content: bytes
    lost: frozenset[str] = frozenset()


def cut_tests(content: bytes, unsound: Sequence[Target], sound: Sequence[Target]) -> Cut:
    """Cut the unsound tests out: single parameters, functions, classes left without tests.

    Raises:
        CannotCutError: a test is not defined where it could be cut out.

    """
    source = SourceText(content)
    bad, good = _group(source, unsound), _group(source, sound)
    spans: list[Span] = []
    whole: set[ast.AST] = set()
    lost: list[Target] = []
    for node, targets in bad.items():
        if node is None:
            raise CannotCutError(f"{targets[0].key} is not a function that could be cut out")
        parameters = find_parameter_spans(
            source,
            node,
            [target.indices for target in targets],
            [target.indices for target in good.get(node, ())],
        )
        spans += parameters
        if not parameters:
            whole.add(node)
            lost += good.get(node, ())
    spans += _find_statement_spans(source, whole)
    remaining = source.without(spans)
    _check(remaining)
    return Cut(remaining, frozenset(target.key for target in lost))


def _group(source: SourceText, targets: Iterable[Target]) -> dict[Function | None, list[Target]]:
    """Group the targets by the function that defines them, ``None`` where there is none.

    A name counts more than a line, which can be that of an earlier state of the file.
    """
    definitions = find_definitions(source.tree)
    exact = {(one.name, one.line): one.node for one in definitions}
    names = {one.name: one.node for one in definitions if not one.is_shadowed}
    others = {
        _get_first_line(node): node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    groups: dict[Function | None, list[Target]] = {}
    for target in targets:
        node = (
            exact.get((target.name, target.line))
            or names.get(target.name)
            or others.get(target.line)
        )
        groups.setdefault(node, []).append(target)
    return groups


def _find_statement_spans(source: SourceText, nodes: set[ast.AST]) -> list[Span]:
    widened = set(nodes)
    for owner in reversed([one for one in ast.walk(source.tree) if isinstance(one, ast.ClassDef)]):
        held = [one for one in owner.body if one in widened]
        if held and all(one in widened or _is_filler(one) for one in owner.body):
            widened.add(owner)
    return [
        source.get_statement_span(_get_first_line(node), node.end_lineno or node.lineno)
        for node in widened
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]


def _is_filler(node: ast.stmt) -> bool:
    """Whether a statement keeps no class alive: a docstring, ``pass``."""
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _get_first_line(node: Node) -> int:
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def _check(content: bytes) -> None:
    try:
        SourceText(content)
    except (SyntaxError, ValueError) as exc:
        raise CannotCutError(f"what remains would not be Python ({exc})") from exc
