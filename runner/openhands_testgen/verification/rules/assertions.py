"""Rule: a test asserts something that the module can get wrong."""

from __future__ import annotations

import ast
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from openhands_testgen.domain.expected import get_last_name
from openhands_testgen.verification.rules.checks import CheckFinder
from openhands_testgen.verification.rules.names import resolve
from openhands_testgen.verification.rules.table import NO_ASSERTION, make_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openhands_testgen.domain.expected import Definition
    from openhands_testgen.domain.verdict import Problem
    from openhands_testgen.verification.rules.code import FileCode

_HELPER_MODULES = {"helpers", "utils", "common", "support"}


def find_problems(code: FileCode, definition: Definition) -> Iterator[Problem]:
    """Find a test whose checks are all worth nothing, or that has none; one good check suffices."""
    finder = _make_finder(code)
    checks = [check for node in code.reach(definition) for check in finder.find(node)]
    if not checks:
        if not _asks_others(code, definition):
            yield make_problem(NO_ASSERTION, definition.node.lineno)
        return
    if all(check.flaw for check in checks):
        firsts: dict[str, int] = {}
        for check in checks:
            firsts.setdefault(check.flaw, check.line)
        for flaw, line in firsts.items():
            yield make_problem(flaw, line)


@lru_cache(maxsize=8)
def _make_finder(code: FileCode) -> CheckFinder:
    return CheckFinder(
        aliases=code.aliases,
        equal_to_all=frozenset(_find_equal_to_all(code.tree)),
        empty=frozenset(_find_empty(code.tree)),
        own=frozenset(code.definitions),
        raises_plainly=any(
            isinstance(node, ast.Raise) and node.exc and get_last_name(node.exc) == "Exception"
            for node in ast.walk(code.subject.tree)
        ),
    )


def _find_equal_to_all(tree: ast.Module) -> Iterator[str]:
    """Find classes whose ``__eq__`` is always true, and names of their objects."""
    classes = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(map(_is_always_equal, node.body))
    }
    yield from classes
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and get_last_name(node.value) in classes:
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _is_always_equal(node: ast.stmt) -> bool:
    if not isinstance(node, ast.FunctionDef) or node.name != "__eq__":
        return False
    returned = [one.value for one in ast.walk(node) if isinstance(one, ast.Return)]
    return bool(returned) and all(
        isinstance(value, ast.Constant) and value.value is True for value in returned
    )


def _find_empty(tree: ast.Module) -> Iterator[str]:
    """Find names that are bound once, to an empty literal, and only ever read as a whole."""
    bound: dict[str, ast.expr] = {}
    uses: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            uses[node.id] += 1
        elif isinstance(node, ast.For) and isinstance(node.iter, ast.Name):
            uses[node.iter.id] -= 1
        elif isinstance(node, ast.Assign):
            bound |= {one.id: node.value for one in node.targets if isinstance(one, ast.Name)}
    yield from (
        name for name, value in bound.items() if uses[name] == 1 and CheckFinder({}).is_empty(value)
    )


def _asks_others(code: FileCode, definition: Definition) -> bool:
    """Whether it calls what other test files define, which may well assert."""
    modules = {
        resolve(call.func, code.aliases).partition(".")[0]
        for node in code.reach(definition)
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
    }
    others = modules - {"pytest", "unittest"}
    return any("test" in name or name in _HELPER_MODULES for name in others)
