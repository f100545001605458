"""Where in a module something can be changed so that a test could notice."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
Function = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_OWN_LINE = (ast.stmt, ast.ExceptHandler)
# Parts of a node that are never run, or are no code.
LEFT_OUT_FIELDS = {"annotation", "returns", "type_params", "type_comment", "format_spec"}
LEFT_OUT_STATEMENTS = {"Global", "Import", "ImportFrom", "Nonlocal", "TypeAlias"}
TYPE_MAKERS = {"NewType", "ParamSpec", "TypeVar", "TypeVarTuple", "cast", "TypedDict"}
TYPE_FORMS = {"Annotated", "Literal"}
LOGGERS = {"log", "logger", "logging", "_log", "_logger", "LOG", "LOGGER"}
SWITCHES = {"TYPE_CHECKING", "typing.TYPE_CHECKING", "__name__ == '__main__'"}
LEVELS = {"critical", "debug", "error", "exception", "info", "log", "warn", "warning"}


@dataclass(frozen=True)
class Place:
    """What surrounds a node.

    ``lines`` are those of its statement, as coverage counts them. ``function`` is the dotted name
    of the definition that it stands in; ``is_in_function`` says that it runs when that is called.
    """

    lines: frozenset[int] = frozenset()
    function: str = ""
    is_in_function: bool = False


@dataclass(frozen=True)
class Site:
    """A node in its slot: ``owner.field``, or ``owner.field[index]``."""

    owner: ast.AST
    field: str
    index: int | None
    node: ast.expr | ast.stmt | ast.keyword
    place: Place


def find_sites(tree: ast.Module) -> Iterator[Site]:
    """Yield all slots, outer ones first; without annotations, docstrings, logging and the like."""
    yield from _walk(tree, Place())


def _walk(owner: ast.AST, place: Place) -> Iterator[Site]:
    for field, value in ast.iter_fields(owner):
        if field in LEFT_OUT_FIELDS:
            continue
        is_list = isinstance(value, list)
        for index, node in enumerate(value if is_list else [value]):
            if not isinstance(node, ast.AST) or _is_left_out(node):
                continue
            inner = _enter(owner, field, node, place)
            if isinstance(node, (ast.expr, ast.stmt, ast.keyword)):
                yield Site(owner, field, index if is_list else None, node, inner)
            yield from _walk(node, inner)


def _enter(owner: ast.AST, field: str, node: ast.AST, place: Place) -> Place:
    if isinstance(node, Definition):
        first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        place = replace(place, lines=frozenset({node.lineno, first}))
    elif isinstance(node, _OWN_LINE) or field == "decorator_list":
        place = replace(place, lines=frozenset({node.lineno}))  # type: ignore[attr-defined]  # all have one
    elif field == "cases":
        line: int = node.pattern.lineno  # type: ignore[attr-defined]  # there is no match in 3.9
        place = replace(place, lines=frozenset({line}))
    if field == "body" and isinstance(owner, Definition):
        place = replace(place, function=f"{place.function}.{owner.name}".lstrip("."))
    if field == "body" and isinstance(owner, Function):
        place = replace(place, is_in_function=True)
    return place


def _is_left_out(node: ast.AST) -> bool:
    if isinstance(node, ast.stmt):
        return type(node).__name__ in LEFT_OUT_STATEMENTS or _is_idle(node)
    if isinstance(node, ast.Subscript):
        return get_last_name(node.value) in TYPE_FORMS
    return isinstance(node, ast.Call) and get_last_name(node.func) in TYPE_MAKERS


def _is_idle(node: ast.stmt) -> bool:
    """Whether a statement is a docstring, a log entry, or for type checkers and importers only."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or _is_logging(node.value)
    if isinstance(node, ast.If):
        return ast.unparse(node.test) in SWITCHES
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(_is_special(target) for target in targets)
    if isinstance(node, ast.Raise):
        return node.exc is not None and get_last_name(node.exc) == "NotImplementedError"
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return any(get_last_name(one) == "overload" for one in decorators)


def _is_special(target: ast.expr) -> bool:
    name = target.id if isinstance(target, ast.Name) else ""
    return name.startswith("__") and name.endswith("__")


def _is_logging(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr in LEVELS and get_last_name(node.func.value) in LOGGERS


def get_last_name(node: ast.expr) -> str:
    """Return ``b`` for ``b``, ``a.b`` and ``a.b(...)``; empty for what has no name."""
    if isinstance(node, ast.Call):
        return get_last_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
