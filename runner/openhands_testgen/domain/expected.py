"""Which tests a file defines, by reading it: what pytest's report is held against."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

type Function = ast.FunctionDef | ast.AsyncFunctionDef

_CONSTRUCTORS = {"__init__", "__new__"}


@dataclass(frozen=True, slots=True)
class Definition:
    """A test as it stands in the file: ``TestCart::test_add``, and the classes around it.

    ``is_shadowed``: a later definition of the same name takes its place.
    """

    name: str
    node: Function
    owners: tuple[ast.ClassDef, ...] = ()
    is_shadowed: bool = False

    @property
    def line(self) -> int:
        """The first line, decorators included."""
        return min([self.node.lineno, *(one.lineno for one in self.node.decorator_list)])


def parse_source(source: str) -> ast.Module:
    """Parse a file; what Python would warn of is no matter here.

    Raises:
        SyntaxError: it is not Python.
        ValueError: it holds what no Python file can (a null byte).

    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def find_definitions(tree: ast.Module) -> tuple[Definition, ...]:
    """Return the tests that pytest collects from a file, in order, and those that are shadowed.

    Definitions under an ``if`` are left out: whether they exist is known only when it runs.
    """
    if _is_switched_off(tree.body):
        return ()
    found = list(_find_tests(tree.body, ()))
    last = {definition.name: definition for definition in found}
    return tuple(
        definition
        if definition is last[definition.name]
        else Definition(definition.name, definition.node, definition.owners, is_shadowed=True)
        for definition in found
    )


def expected_tests(source: str) -> tuple[str, ...]:
    """Return the names of the tests that pytest collects from a file, in order.

    Raises:
        SyntaxError: it is not Python.
        ValueError: it holds what no Python file can (a null byte).

    """
    return tuple(one.name for one in find_definitions(parse_source(source)) if not one.is_shadowed)


def get_last_name(node: ast.expr) -> str:
    """Return ``fixture`` for ``fixture``, ``pytest.fixture`` and ``pytest.fixture(...)``."""
    if isinstance(node, ast.Call):
        return get_last_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_fixture(node: Function) -> bool:
    """Whether a function is a fixture."""
    return any(get_last_name(decorator) == "fixture" for decorator in node.decorator_list)


def _find_tests(body: Iterable[ast.stmt], owners: tuple[ast.ClassDef, ...]) -> Iterator[Definition]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("test") and not is_fixture(node):
                name = "::".join([*(owner.name for owner in owners), node.name])
                yield Definition(name, node, owners)
        elif isinstance(node, ast.ClassDef) and _is_collected(node):
            yield from _find_tests(node.body, (*owners, node))


def _is_collected(node: ast.ClassDef) -> bool:
    if _is_switched_off(node.body):
        return False
    if any(get_last_name(base).endswith("TestCase") for base in node.bases):
        return True
    defined = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
    return node.name.startswith("Test") and not defined & _CONSTRUCTORS


def _is_switched_off(body: Iterable[ast.stmt]) -> bool:
    return any(
        isinstance(node, ast.Assign)
        and any(get_last_name(target) == "__test__" for target in node.targets)
        and isinstance(node.value, ast.Constant)
        and not node.value.value
        for node in body
    )
