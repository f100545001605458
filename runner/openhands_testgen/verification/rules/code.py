"""The code that one test runs: its function, and the helpers, fixtures and set-ups it reaches."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from openhands_testgen.domain.expected import get_last_name, is_fixture
from openhands_testgen.verification.rules.names import Aliases, read_aliases, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from openhands_testgen.domain.expected import Definition, Function

type Node = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

_SET_UPS = ("setup", "teardown", "setUp", "tearDown", "asyncSetUp", "asyncTearDown")


@dataclass(frozen=True)
class Subject:
    """The module under test: its dotted name, and its source as text and tree."""

    import_name: str
    text: str
    tree: ast.Module

    @cached_property
    def own_names(self) -> frozenset[str]:
        """The functions, classes and methods that it defines (``add``, ``Cart``, ``total``)."""
        kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        return frozenset(node.name for node in ast.walk(self.tree) if isinstance(node, kinds))

    @cached_property
    def words(self) -> frozenset[str]:
        """All words in its source."""
        return frozenset(re.findall(r"\w+", self.text))

    def mentions(self, *words: str) -> bool:
        """Whether one of the words stands in it: what it does itself its tests may touch."""
        return not self.words.isdisjoint(words)


@dataclass(frozen=True, eq=False)
class FileCode:
    """A test file, and the module that it tests."""

    tree: ast.Module
    subject: Subject
    _reached: dict[Node, tuple[Node, ...]] = field(default_factory=dict)

    @cached_property
    def aliases(self) -> Aliases:
        """What imported names stand for."""
        return read_aliases(self.tree)

    @cached_property
    def definitions(self) -> dict[str, Node]:
        """Functions and classes of the file by name."""
        return {node.name: node for node in self.tree.body if isinstance(node, _NODES)}

    @cached_property
    def own_statements(self) -> tuple[ast.stmt, ...]:
        """What runs when the file is imported, but for the definitions."""
        return tuple(node for node in self.tree.body if not isinstance(node, _NODES))

    def reach(self, definition: Definition) -> tuple[Node, ...]:
        """Return the test's function first, then what it reaches in the file."""
        if definition.node not in self._reached:
            self._reached[definition.node] = self._find_reach(definition)
        return self._reached[definition.node]

    def _find_reach(self, definition: Definition) -> tuple[Node, ...]:
        methods = {
            node.name: node
            for owner in definition.owners
            for node in owner.body
            if isinstance(node, _FUNCTIONS)
        }
        found: dict[Node, None] = {}
        waiting: list[Node] = [definition.node, *_find_set_ups(methods.values())]
        waiting += _find_set_ups(self.definitions.values())
        while waiting:
            node = waiting.pop(0)
            found[node] = None
            for name in _list_mentions(node):
                other = methods.get(name) or self.definitions.get(name)
                if other is not None and other not in found and not _is_test(other):
                    waiting.append(other)
        return tuple(found)


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_NODES = (*_FUNCTIONS, ast.ClassDef)


def _is_test(node: Node) -> bool:
    return node.name.lower().startswith("test") and not (
        isinstance(node, _FUNCTIONS) and is_fixture(node)
    )


def _find_set_ups(nodes: Iterable[Node]) -> Iterator[Node]:
    """Find what runs without being named: set-ups, and fixtures for every test."""
    for node in nodes:
        if isinstance(node, _FUNCTIONS) and (node.name.startswith(_SET_UPS) or _is_automatic(node)):
            yield node


def _is_automatic(node: Function) -> bool:
    return any(
        isinstance(decorator, ast.Call)
        and get_last_name(decorator) == "fixture"
        and any(keyword.arg == "autouse" for keyword in decorator.keywords)
        for decorator in node.decorator_list
    )


def _list_mentions(node: Node) -> Iterator[str]:
    """List names that are read, methods of ``self``, arguments (fixtures), and named fixtures."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            if isinstance(inner.value, ast.Name) and inner.value.id in {"self", "cls"}:
                yield inner.attr
        elif isinstance(inner, ast.arg):
            yield inner.arg
        elif isinstance(inner, ast.Call) and get_last_name(inner) == "usefixtures":
            yield from map(read_text, inner.args)
