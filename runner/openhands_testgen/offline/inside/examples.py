"""Calls that people wrote: in docstrings and in existing tests."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .docstrings import find_examples
from .parameters import STAR, STARS
from .scenario import KEYWORD, POSITIONAL, Argument, Step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from .targets import Target

MAX_PER_TARGET = 40


def find_calls(
    sources: Iterable[str], targets: Iterable[Target], names: Collection[str]
) -> dict[str, list[tuple[str | None, Step]]]:
    """Return calls of targets by the target's name, with their receivers where those are plain.

    ``names`` are those that an argument may use; a call that uses others is left out.
    """
    by_last_name: dict[str, list[Target]] = {}
    for target in targets:
        last = target.name.rpartition(".")[2]
        by_last_name.setdefault(last, []).append(target)
    found: dict[str, list[tuple[str | None, Step]]] = {}
    for source in sources:
        for name, receiver, step in _find_in(source, by_last_name, names):
            calls = found.setdefault(name, [])
            if (receiver, step) not in calls and len(calls) < MAX_PER_TARGET:
                calls.append((receiver, step))
    return found


def list_docstring_sources(docstrings: Iterable[str]) -> Iterator[str]:
    """Return the examples in docstrings."""
    for docstring in docstrings:
        yield from find_examples(docstring)


def _find_in(
    source: str, targets: Mapping[str, list[Target]], names: Collection[str]
) -> Iterator[tuple[str, str | None, Step]]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        for target in targets.get(last, ()):
            arguments = _read_arguments(node, target, names)
            if arguments is not None and "{args}" in target.template:
                receiver = _read_receiver(function, names) if target.owner else None
                yield target.name, receiver, Step(target.template, arguments, target.form)


def _read_receiver(function: ast.expr, names: Collection[str]) -> str | None:
    is_plain = isinstance(function, ast.Attribute) and isinstance(function.value, ast.Call)
    if is_plain and _is_closed(function.value, names):  # type: ignore[attr-defined] # an attribute
        return ast.unparse(function.value)  # type: ignore[attr-defined] # an attribute
    return None


def _read_arguments(
    node: ast.Call, target: Target, names: Collection[str]
) -> tuple[Argument, ...] | None:
    values = [*node.args, *(one.value for one in node.keywords)]
    if not all(_is_closed(one, names) for one in values) or any(not k.arg for k in node.keywords):
        return None
    positional = [one for one in target.parameters if one.form in {POSITIONAL, STAR}]
    arguments = []
    for position, value in enumerate(node.args):
        if not positional:
            return None
        parameter = positional[min(position, len(positional) - 1)]
        arguments.append(Argument(parameter.name, ast.unparse(value)))
    known = {one.name for one in target.parameters}
    takes_any = any(one.form == STARS for one in target.parameters)
    for keyword in node.keywords:
        if keyword.arg not in known and not takes_any:
            return None
        arguments.append(Argument(str(keyword.arg), ast.unparse(keyword.value), KEYWORD))
    return tuple(arguments)


def _is_closed(node: ast.expr, names: Collection[str]) -> bool:
    """Whether an expression uses known names alone."""
    bound = {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and one.id not in names and one.id not in bound:
            return False
        if isinstance(
            one, (ast.Starred, ast.Await, ast.NamedExpr, ast.JoinedStr, ast.comprehension)
        ):
            return False
    return True
