"""Source from the explorer: accepted only if it can do no harm, and printed as people write it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from openhands_testgen.offline.inside.vocabulary import (
    ARGUMENT,
    BUILTINS,
    ERRORS,
    RESULT,
    STANDARD,
    SUBJECT,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

MAX_NODES = 600
MAX_DIGITS = 400
PLACEHOLDERS = frozenset({SUBJECT, RESULT, *(ARGUMENT.format(number) for number in range(50))})
_PLAIN = (str, bytes, int, float, complex, bool, type(None), type(Ellipsis))
_NODES = (
    *(ast.Constant, ast.Name, ast.Attribute, ast.Call, ast.keyword, ast.Starred),
    *(ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Subscript, ast.Slice),
    *(ast.UnaryOp, ast.BinOp, ast.Compare, ast.BoolOp, ast.Lambda, ast.arguments, ast.arg),
    *(ast.operator, ast.unaryop, ast.cmpop, ast.boolop, ast.expr_context),
    *(ast.Assign, ast.AugAssign, ast.Delete, ast.Expr),
)
_DENIED_DUNDERS = frozenset(
    [
        "__builtins__",
        "__class__",
        "__closure__",
        "__code__",
        "__dict__",
        "__globals__",
        "__import__",
        "__loader__",
        "__mro__",
        "__bases__",
        "__subclasses__",
        "__self__",
        "__func__",
        "__getattribute__",
        "__reduce__",
        "__reduce_ex__",
        "__init_subclass__",
    ]
)
_DUNDER = re.compile(r"__[a-z_]+__")


class RejectedSourceError(ValueError):
    """Source that no test may contain."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names that source may use besides the vocabulary; ``used`` collects those it does."""

    aliases: Mapping[str, tuple[str, str]]
    used: set[str] = field(default_factory=set)

    def is_known(self, name: str) -> bool:
        """Whether a name may stand in source."""
        return name in self.aliases or name in BUILTINS | ERRORS | STANDARD.keys() | PLACEHOLDERS


def parse_expression(text: str, names: Names) -> ast.expr:
    """Parse one expression.

    Raises:
        RejectedSourceError: it is none, or uses what no test may use.

    """
    try:
        node = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
        raise RejectedSourceError(text) from exc
    _check(node, names)
    return node


def parse_statement(text: str, names: Names) -> ast.stmt:
    """Parse an assignment to a part of the receiver, or its deletion.

    Raises:
        RejectedSourceError: it is something else.

    """
    try:
        (node,) = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
        raise RejectedSourceError(text) from exc
    if isinstance(node, ast.Assign | ast.Delete):
        parts = node.targets
        is_ours = len(parts) == 1 and isinstance(parts[0], ast.Subscript | ast.Attribute)
    else:
        is_ours = isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    if not is_ours:
        raise RejectedSourceError(text)
    _check(node, names)
    return node


def substitute(node: ast.AST, replacements: Mapping[str, ast.expr]) -> ast.AST:
    """Return a copy with expressions in place of placeholders."""
    changed: ast.AST = _Substituter(replacements).visit(_copy(node))
    return changed


def count_uses(node: ast.AST, name: str) -> int:
    """Return how often a name stands in source."""
    return sum(isinstance(one, ast.Name) and one.id == name for one in ast.walk(node))


def find_names(nodes: Collection[ast.AST]) -> set[str]:
    """Return all names that stand in source."""
    return {one.id for node in nodes for one in ast.walk(node) if isinstance(one, ast.Name)}


class _Substituter(ast.NodeTransformer):
    def __init__(self, replacements: Mapping[str, ast.expr]) -> None:
        self._replacements = replacements

    def visit_Name(self, node: ast.Name) -> ast.expr:
        new = self._replacements.get(node.id)
        return node if new is None else new


def _copy(node: ast.AST) -> ast.AST:
    import copy

    return copy.deepcopy(node)


def _check(tree: ast.AST, names: Names) -> None:
    nodes = list(ast.walk(tree))
    if len(nodes) > MAX_NODES:
        message = "too long"
        raise RejectedSourceError(message)
    bound = {one.arg for one in nodes if isinstance(one, ast.arg)}
    for node in nodes:
        problem = _find_problem(node, names, bound)
        if problem:
            raise RejectedSourceError(problem)


def _find_problem(node: ast.AST, names: Names, bound: set[str]) -> str:
    if not isinstance(node, _NODES):
        return f"{type(node).__name__} is not allowed"
    if isinstance(node, ast.Name) and node.id not in bound and not names.is_known(node.id):
        return f"the name {node.id} is not known"
    if isinstance(node, ast.Constant):
        return _find_problem_of_constant(node.value)
    if isinstance(node, ast.Attribute):
        return _find_problem_of_attribute(node)
    if isinstance(node, ast.arg) and (node.annotation or node.arg.startswith("__")):
        return "an odd lambda"
    return ""


def _find_problem_of_constant(value: object) -> str:
    if not isinstance(value, _PLAIN):
        return "an odd constant"
    if isinstance(value, int) and abs(value) >= 10**MAX_DIGITS:
        return "a number too large"
    if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        return "half a character"
    return ""


def _find_problem_of_attribute(node: ast.Attribute) -> str:
    name = node.attr
    if name.startswith("__"):
        is_protocol = bool(_DUNDER.fullmatch(name)) and name not in _DENIED_DUNDERS
        is_own = isinstance(node.value, ast.Name) and node.value.id == SUBJECT
        return "" if is_protocol and is_own else f"{name} is not for tests"
    if isinstance(node.value, ast.Name):
        source = STANDARD.get(node.value.id)
        if source is not None and source.attributes and name not in source.attributes:
            return f"{node.value.id}.{name} is not for tests"
    return ""
