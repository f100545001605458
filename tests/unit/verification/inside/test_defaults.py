"""Defaults that are changed while their functions live."""

from __future__ import annotations

import ast
from types import CodeType, FunctionType

import pytest

from openhands_testgen.verification.inside.changes import find_changes
from openhands_testgen.verification.inside.defaults import Default, change_default, find_default

SOURCE = """
import functools


def add(a, b=1, /, c=2, *, d=3, e=None):
    return (a, b, c, d, e)


class Cart:
    @staticmethod
    @functools.lru_cache
    def count(step=1):
        return step

    @functools.partial
    def made(step=1):
        return step


def outer():
    def inner(a=1):
        return a
    return inner


def short(a=1): return a


def mutable(a=[1]):
    return a


def hidden(__a=1):
    return __a


class Hidden:
    def method(self, __a=1):
        return __a
"""


def find_all(text: str) -> list[Default]:
    tree = ast.parse(text)
    lines = range(1, text.count("\n") + 2)
    found = (find_default(tree, change) for change in find_changes(tree, lines))
    return [default for default in found if default]


def find(name: str, parameter: str) -> list[Default]:
    return [one for one in find_all(SOURCE) if (one.name, one.parameter) == (name, parameter)]


@pytest.mark.parametrize(
    ("name", "parameter", "line", "body"),
    [
        ("add", "b", 5, (6, 6)),
        ("add", "c", 5, (6, 6)),
        ("add", "d", 5, (6, 6)),
        ("count", "step", 10, (13, 13)),
    ],
)
def test_a_constant_is_found(name: str, parameter: str, line: int, body: tuple[int, int]) -> None:
    assert {(one.line, one.body) for one in find(name, parameter)} == {(line, body)}


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        pytest.param("made", "step", id="a decorator that may keep it"),
        pytest.param("inner", "a", id="a function that is made when another one runs"),
        pytest.param("short", "a", id="a body on the line of the definition"),
        pytest.param("mutable", "a", id="a part of a default"),
        pytest.param("hidden", "__a", id="a name that a class would change"),
        pytest.param("method", "__a", id="a name that a class changes"),
    ],
)
def test_others_are_loaded_anew(name: str, parameter: str) -> None:
    assert not find(name, parameter)


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [("b", (0, 9, 2, 3, None)), ("c", (0, 1, 9, 3, None)), ("d", (0, 1, 2, 9, None))],
)
def test_the_function_has_it_from_then_on(parameter: str, expected: tuple[object, ...]) -> None:
    code, space = load()
    add = space["add"]
    assert isinstance(add, FunctionType)
    change_default(Default("add", 5, parameter, 9, (6, 6)), code, index(code, add))
    assert add(0) == expected


def test_a_cached_method_has_it_too() -> None:
    code, space = load()
    count = space["Cart"].count  # type: ignore[attr-defined]  # defined above
    change_default(Default("count", 10, "step", 5, (13, 13)), code, index(code, count.__wrapped__))
    assert count() == 5


def load() -> tuple[CodeType, dict[str, object]]:
    code = compile(SOURCE, "defaults.py", "exec")
    space: dict[str, object] = {"__name__": "defaults"}
    exec(code, space)  # noqa: S102 - the text above
    return code, space


def index(code: CodeType, function: FunctionType) -> dict[int, list[FunctionType]]:
    assert function.__code__ in list(walk(code))
    return {id(function.__code__): [function]}


def walk(code: CodeType) -> list[CodeType]:
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    return [*inner, *(one for found in inner for one in walk(found))]
