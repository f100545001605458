"""Change a module's tree so that each of its functions can answer with a stand-in."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Union

from openhands_testgen.verification.inside.stand_ins import CHECKER, DECORATOR, OPTIONAL, VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_OPTIONAL_CALLS = {"get", "match", "fullmatch", "search"}


def empty(tree: ast.Module) -> ast.Module:
    """Decorate all functions and lambdas of a tree, in place."""
    kinds = classify(tree)
    for owner in list(ast.walk(tree)):
        for field, value in ast.iter_fields(owner):
            if isinstance(value, ast.Lambda):
                setattr(owner, field, _wrap(value))
            elif isinstance(value, list):
                value[:] = [_wrap(one) if isinstance(one, ast.Lambda) else one for one in value]
        if isinstance(owner, (ast.FunctionDef, ast.AsyncFunctionDef)):
            owner.decorator_list.append(_call(kinds[owner], owner.body[0]))
    return ast.fix_missing_locations(tree)


def classify(tree: ast.Module) -> dict[Function, str]:
    """Return the kind of each function: what it may answer, as far as its source shows."""
    functions = [
        node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    kinds = {function: _classify_alone(function) for function in functions}
    checkers: set[str] = set()
    while True:
        found = {function.name for function, kind in kinds.items() if kind == CHECKER}
        if found == checkers:
            return kinds
        checkers = found
        for function in functions:
            if not _has_value(function) and checkers.intersection(_find_called(function)):
                kinds[function] = CHECKER


def _classify_alone(function: Function) -> str:
    own = list(_walk_own(function))
    if not _has_value(function):
        raising = any(isinstance(node, (ast.Raise, ast.Assert)) for node in own)
        return CHECKER if raising else VALUE
    answers = [node.value for node in own if isinstance(node, ast.Return)]
    unset = {
        target.id
        for node in own
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and _is_none(node.value)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    if any(_may_be_none(answer, unset) for answer in answers) or not _returns(function.body):
        return OPTIONAL
    annotation = ast.unparse(function.returns) if function.returns else ""
    return OPTIONAL if "Optional" in annotation or "None" in annotation else VALUE


def _has_value(function: Function) -> bool:
    return any(
        isinstance(node, (ast.Yield, ast.YieldFrom))
        or (isinstance(node, ast.Return) and not _is_none(node.value))
        for node in _walk_own(function)
    )


def _may_be_none(answer: ast.expr | None, unset: set[str]) -> bool:
    if isinstance(answer, ast.IfExp):
        return _may_be_none(answer.body, unset) or _may_be_none(answer.orelse, unset)
    if isinstance(answer, ast.BoolOp):
        return any(_may_be_none(value, unset) for value in answer.values)
    if isinstance(answer, ast.Call):
        called = answer.func
        return isinstance(called, ast.Attribute) and called.attr in _OPTIONAL_CALLS
    return _is_none(answer) or (isinstance(answer, ast.Name) and answer.id in unset)


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _returns(body: Sequence[ast.stmt]) -> bool:
    """Whether control cannot fall out of the end of a body."""
    last = body[-1]
    if isinstance(last, (ast.With, ast.AsyncWith)):
        return _returns(last.body)
    if isinstance(last, ast.If):
        return bool(last.orelse) and _returns(last.body) and _returns(last.orelse)
    if isinstance(last, ast.Try):
        inner = [last.orelse or last.body, *(handler.body for handler in last.handlers)]
        return bool(last.finalbody and _returns(last.finalbody)) or all(map(_returns, inner))
    if isinstance(last, ast.While):
        return isinstance(last.test, ast.Constant) and bool(last.test.value)
    return isinstance(last, (ast.Return, ast.Raise))


def _find_called(function: Function) -> Iterator[str]:
    for node in _walk_own(function):
        if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
            yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr


def _walk_own(function: Function) -> Iterator[ast.AST]:
    """Walk a function's body without the functions and classes in it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            waiting.extend(ast.iter_child_nodes(node))


def _wrap(function: ast.Lambda) -> ast.Call:
    called = ast.Call(func=_call(VALUE, function), args=[function], keywords=[])
    return ast.copy_location(called, function)


def _call(kind: str, place: ast.AST) -> ast.Call:
    name = ast.Name(id=DECORATOR, ctx=ast.Load())
    called = ast.Call(func=name, args=[ast.Constant(value=kind)], keywords=[])
    return ast.copy_location(called, place)
