"""What stands in for functions, classes and values of a module."""

from __future__ import annotations

import ast
import asyncio
import builtins
from types import ModuleType, new_class
from typing import TYPE_CHECKING, Any

import pytest

from openhands_testgen.verification.inside.emptying import empty
from openhands_testgen.verification.inside.hollow import DATA, EXTRA_EXPORT, FUNCTIONS, StandIns
from openhands_testgen.verification.inside.stand_ins import DECORATOR, EQUAL, OTHER, SPITE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOURCE = """
import enum
import functools
import json
from dataclasses import dataclass

__all__ = ["double", "LIMIT"]
LIMIT = 3
EMPTY = ""

def double(x):
    return 2 * x

TWICE = double(LIMIT)

def find(x):
    return x or None

def check(x):
    if not x:
        raise ValueError(x)

async def wait(x):
    return x

def count(x):
    yield from range(x)

async def stream(x):
    yield x

@functools.lru_cache
def cached(x):
    return x

square = lambda x: x * x

class Color(enum.Enum):
    RED = 1

@dataclass
class Point:
    x: int = 0

    def __post_init__(self):
        self.y = self.x

    @property
    def size(self):
        return self.x

    @staticmethod
    def make():
        return Point(1)

    class Inner:
        depth = 1

class Guard:
    def __init__(self, x):
        self.x = x

    def __enter__(self):
        return self

    def __exit__(self, *args):
        return True
"""
type Load = Callable[[str], tuple[Any, StandIns]]  # a module's content can be anything


@pytest.fixture
def load() -> Iterator[Load]:
    def load_emptied(what: str) -> tuple[Any, StandIns]:
        stand_ins, module = StandIns(what), ModuleType("shop")
        code = compile(empty(ast.parse(SOURCE)), "shop.py", "exec", dont_inherit=True)
        with stand_ins.loading(module):
            exec(code, vars(module))  # noqa: S102 - compiled above
        return module, stand_ins

    yield load_emptied
    if hasattr(builtins, DECORATOR):
        delattr(builtins, DECORATOR)


def test_a_module_is_itself_while_it_is_loaded(load: Load) -> None:
    shop, _ = load(FUNCTIONS)
    assert (shop.TWICE, shop.LIMIT, shop.Color.RED.value) == (6, 3, 1)


def test_while_tests_are_collected_an_answer_can_be_used_in_any_way(load: Load) -> None:
    shop, stand_ins = load(FUNCTIONS)
    value = shop.double(1)
    used = (value.a.b(1)[2] + 3, list(value), len(value), float(value), value < 1, f"{value:.2f}")
    assert used[1:] == ([], 0, 0.0, True, "anything")
    assert new_class("Child", (value,)).__mro__[1] is object
    stand_ins.start_tests(OTHER)
    for use in (value, lambda: value[1], lambda: value + 1, lambda: list(value)):
        with pytest.raises(TypeError):
            use()
    with pytest.raises(AttributeError):
        value.a  # noqa: B018 - the access is the point
    assert value
    assert value != shop.double(1)
    stand_ins.start_tests(EQUAL)
    assert not value
    assert value == 1


def test_other_answers_are_true_and_equal_to_nothing(load: Load) -> None:
    shop, stand_ins = load(FUNCTIONS)
    stand_ins.start_tests(OTHER)
    assert shop.double(1)
    assert shop.double(1) != shop.double(1)
    assert not callable(shop.double(1))


def test_equal_answers_are_false_and_equal_to_everything(load: Load) -> None:
    shop, stand_ins = load(FUNCTIONS)
    stand_ins.start_tests(EQUAL)
    assert not shop.double(1)
    assert shop.double(1) is shop.find(2)
    assert shop.double(1) == 7
    assert not shop.double(1) != 7  # noqa: SIM202 - its own operator
    assert len({shop.double(1), shop.double(2)}) == 1


@pytest.mark.filterwarnings("ignore:a stand-in answers")
def test_spiteful_answers_are_what_a_test_of_absence_would_notice(
    load: Load, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    shop, stand_ins = load(FUNCTIONS)
    stand_ins.start_tests(SPITE)
    full, nothing = [1], {}  # type: ignore[var-annotated]  # anything can be added to it
    assert shop.double(full) is full
    assert shop.double(nothing) is nothing
    assert (len(full), len(nothing)) == (0, 1)
    assert shop.find(1) is None
    with pytest.raises(RuntimeError):
        shop.check(1)
    printed = capsys.readouterr()
    assert printed.out
    assert printed.err
    assert caplog.records
    with pytest.warns(UserWarning, match="stand-in"):
        shop.double(1)


def test_every_kind_of_function_keeps_its_kind(load: Load) -> None:
    shop, stand_ins = load(FUNCTIONS)
    stand_ins.start_tests(EQUAL)

    async def collect() -> list[object]:
        return [one async for one in shop.stream(1)]

    assert asyncio.run(shop.wait(5)) == 1
    assert [len(list(shop.count(5))), len(asyncio.run(collect()))] == [1, 1]
    assert shop.cached(1) == 2
    assert shop.square(3) == 8
    assert shop.Point(1).size == 7


def test_any_arguments_will_do(load: Load) -> None:
    shop, stand_ins = load(FUNCTIONS)
    stand_ins.start_tests(OTHER)
    assert shop.double() is not None
    assert isinstance(shop.Guard(), shop.Guard)


def test_no_exception_is_swallowed(load: Load) -> None:
    shop, stand_ins = load(FUNCTIONS)
    stand_ins.start_tests(OTHER)
    with pytest.raises(KeyError), shop.Guard(1):
        raise KeyError


def test_what_is_loaded_again_while_tests_run_is_itself_meanwhile(load: Load) -> None:
    shop, stand_ins = load(FUNCTIONS)
    stand_ins.start_tests(OTHER)
    with stand_ins.loading(shop):
        assert shop.double(2) == 4
    assert shop.double(2) != 4


def test_functions_alone_leave_data_as_they_are(load: Load) -> None:
    shop, stand_ins = load(FUNCTIONS)
    stand_ins.start_tests(OTHER)
    assert (shop.LIMIT, shop.Point(1).x, shop.Color(1)) == (3, 1, shop.Color.RED)


@pytest.mark.parametrize("mode", [OTHER, EQUAL])
def test_tests_of_data_notice_other_data(load: Load, mode: str) -> None:
    shop, stand_ins = load(DATA)
    stand_ins.start_tests(mode)
    holds = {
        "constant": lambda: shop.LIMIT == 3,
        "no constant": lambda: shop.LIMIT != 4,
        "true": lambda: bool(shop.LIMIT),
        "false": lambda: not shop.EMPTY,
        "enum": lambda: shop.Color.RED.value == 1,
        "members": lambda: len(shop.Color) == 1,
        "dataclass": lambda: shop.Point(1).x == 1,
        "equal": lambda: shop.Point(1) == shop.Point(1),
        "unequal": lambda: shop.Point(1) != shop.Point(2),
        "inner": lambda: shop.Point.Inner.depth == 1,
        "subclass": lambda: issubclass(shop.Color, enum_base()),
        "exports": lambda: set(shop.__all__) == {"double", "LIMIT"},
    }
    passing = {name for name, check in holds.items() if _holds(check)}
    assert (
        passing
        == {
            OTHER: {"no constant", "true", "unequal"},
            EQUAL: {"constant", "false", "dataclass", "equal", "inner"},
        }[mode]
    )


def test_what_is_no_data_stays(load: Load) -> None:
    shop, stand_ins = load(DATA)
    assert shop.json.loads("1") == 1
    assert EXTRA_EXPORT in shop.__all__
    assert shop.Point.make() is not None
    assert isinstance(new_class("Child", (shop.Point,))(1, 2), shop.Point)
    assert (list(shop.Color), len(shop.Color), 1 in shop.Color) == ([], 0, False)
    stand_ins.start_tests(OTHER)
    assert shop.Point(1).size != shop.Point(1).size
    with pytest.raises(TypeError):
        list(shop.Color)


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (AttributeError, TypeError):
        return False


def enum_base() -> type:
    import enum

    return enum.Enum
