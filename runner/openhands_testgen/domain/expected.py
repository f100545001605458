"""Which tests a file defines, by reading it: what pytest's report is held against."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

type Function = ast.FunctionDef | ast.AsyncFunctionDef

_CONSTRUCTORS = {"__init__", "__new__"}


def expected_tests(source: str) -> tuple[str, ...]:
    """Return the tests that pytest collects from a file, in order (``TestCart::test_add``).

    Definitions under an ``if`` are left out: whether they exist is known only when it runs.

    Raises:
        SyntaxError: it is not Python.
        ValueError: it holds what no Python file can (a null byte).

    """
    tree = ast.parse(source)
    if _is_switched_off(tree.body):
        return ()
    return tuple(dict.fromkeys(_find_tests(tree.body, "")))


def _find_tests(body: Iterable[ast.stmt], prefix: str) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("test") and not _is_fixture(node):
                yield prefix + node.name
        elif isinstance(node, ast.ClassDef) and _is_collected(node):
            yield from _find_tests(node.body, f"{prefix}{node.name}::")


def _is_collected(node: ast.ClassDef) -> bool:
    if _is_switched_off(node.body):
        return False
    if any(_get_last_name(base).endswith("TestCase") for base in node.bases):
        return True
    defined = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
    return node.name.startswith("Test") and not defined & _CONSTRUCTORS


def _is_switched_off(body: Iterable[ast.stmt]) -> bool:
    return any(
        isinstance(node, ast.Assign)
        and any(_get_last_name(target) == "__test__" for target in node.targets)
        and isinstance(node.value, ast.Constant)
        and not node.value.value
        for node in body
    )


def _is_fixture(node: Function) -> bool:
    return any(_get_last_name(decorator) == "fixture" for decorator in node.decorator_list)


def _get_last_name(node: ast.expr) -> str:
    """Return ``fixture`` for ``fixture``, ``pytest.fixture`` and ``pytest.fixture(...)``."""
    if isinstance(node, ast.Call):
        return _get_last_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
