"""Tests on a module that does nothing: who notices, and who does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from openhands_testgen.verification.programs import CHANGED
from openhands_testgen.verification.stages.sabotage import SabotageRecord, run_sabotage
from tests.integration.judged import INTERPRETERS, TESTS, Judged, find_python, set_up

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio
MODULE = '''\
"""A shop."""
import enum
import functools
import re
from contextlib import contextmanager
from dataclasses import dataclass


def build(n):
    return {one: one * one for one in range(n)}


TABLE = build(4)
DEBUG = True
EMPTY = ()


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class ShopError(ValueError):
    pass


@dataclass(frozen=True)
class Point:
    x: int
    y: int = 3


class Cart:
    def __init__(self):
        self.items = []

    def add(self, price):
        self.items.append(price)
        return self

    @property
    def total(self):
        return sum(self.items)

    def __len__(self):
        return len(self.items)

    @staticmethod
    def make():
        return Cart()


def is_even(n):
    return n % 2 == 0


def find(text):
    return re.match("a", text)


def check(text):
    if not text:
        raise ShopError(text)


def clone(items):
    return list(items)


def scramble(text):
    return hash((text, 1))


@contextmanager
def opened(name):
    yield name


@functools.lru_cache
def cached(n):
    return n + 1


def retry(function):
    @functools.wraps(function)
    def wrapped():
        return function() + 1

    return wrapped


async def wait(n):
    return n


def count(n):
    yield from range(n)
'''
SOUND = """\
import asyncio
import dataclasses
import unittest

import pytest

import shop
from shop import *
from shop import Cart, Color, Point, ShopError, retry


@retry
def one():
    return 1


COUNTED = list(shop.count(2))


def test_constant_made_at_import():
    assert shop.TABLE == {0: 0, 1: 1, 2: 4, 3: 9}

def test_true_constant():
    assert shop.DEBUG

def test_empty_constant():
    assert not shop.EMPTY

def test_enum():
    assert Color.RED.value == 1

@pytest.mark.parametrize("color", list(Color))
def test_members(color):
    assert color.value in (1, 2)

def test_error_class():
    assert issubclass(ShopError, ValueError)

def test_error_is_raised():
    with pytest.raises(ShopError):
        raise ShopError("x")

def test_default():
    assert Point(1).y == 3

def test_equal():
    assert Point(1) == Point(1, 3)

def test_unequal():
    assert Point(1) != Point(2)

def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Point(1).x = 2

def test_missing_argument():
    with pytest.raises(TypeError):
        Point()

def test_missing_argument_of_a_function():
    with pytest.raises(TypeError):
        shop.is_even()

def test_total():
    assert Cart().add(1).add(2).total == 3

def test_length():
    assert len(Cart.make().add(1)) == 1

def test_no_length():
    assert not Cart()

def test_true():
    assert shop.is_even(2)

def test_false():
    assert not shop.is_even(1)

def test_found():
    assert shop.find("abc") is not None

def test_not_found():
    assert shop.find("b") is None

def test_valid():
    shop.check("x")

def test_invalid():
    with pytest.raises(ShopError):
        shop.check("")

def test_another_object():
    items = [1]
    assert shop.clone(items) is not items

def test_leaves_its_argument_alone():
    items = [1]
    shop.clone(items)
    assert items == [1]

def test_differs():
    assert shop.scramble("a") != shop.scramble("b")

def test_prints_nothing(capsys):
    shop.clone([])
    assert capsys.readouterr().out == ""

def test_context():
    with shop.opened("x") as name:
        assert name == "x"

def test_cached():
    assert shop.cached(1) == 2

def test_decorator():
    assert one() == 2

def test_collected():
    assert COUNTED == [0, 1]

def test_async():
    assert asyncio.run(shop.wait(2)) == 2

@pytest.fixture
def cart():
    return Cart().add(5)

def test_fixture(cart):
    assert cart.total == 5


class Plain(unittest.TestCase):
    def setUp(self):
        self.cart = Cart()

    def test_add(self):
        self.cart.add(1)
        self.assertEqual(self.cart.total, 1)


class TestGroup:
    @pytest.mark.parametrize("n", [0, 2, 4])
    def test_even(self, n):
        assert shop.is_even(n)
"""
VACUOUS = """\
import asyncio
import unittest
from unittest import mock

import pytest

import shop


def test_nothing():
    assert True

def test_only_calls():
    shop.is_even(2)

def test_only_constructs():
    shop.Cart()

def test_not_none():
    assert shop.is_even(2) is not None

def test_itself():
    value = shop.scramble("a")
    assert value == value

def test_swallowed():
    try:
        assert shop.is_even(1)
    except AssertionError:
        pass

def test_patched():
    with mock.patch("shop.is_even", return_value=True):
        assert shop.is_even(1)

def test_exists():
    assert callable(shop.is_even)

def test_any_error():
    with pytest.raises(Exception):
        shop.is_even(2).no_such_thing

def test_loops_over_nothing():
    for item in shop.Cart().items if False else []:
        assert item == 1

def test_async():
    asyncio.run(shop.wait(2))

def test_other_module():
    assert len([1]) == 1

@pytest.mark.parametrize("n", [0, 1])
def test_always(n):
    shop.is_even(n)
    assert n in (0, 1)


class Plain(unittest.TestCase):
    def test_add(self):
        self.assertIsNotNone(shop.Cart.make())
"""


async def sabotage(folder: Path, judged: Judged, python: str = "") -> SabotageRecord:
    async with set_up(folder, judged, *([python] if python else [])) as bench:
        before = bench.digest()
        record = await run_sabotage(
            bench.python, bench.candidate, bench.roots, plugins=judged.plugins
        )
        if record.problem != CHANGED:
            assert bench.digest() == before
    return record


def shop(tests: str) -> Judged:
    return Judged("shop.py", {"shop.py": MODULE}, tests)


@pytest.mark.parametrize("version", ["", *INTERPRETERS])
async def test_no_sound_test_is_vacuous(tmp_path: Path, version: str) -> None:
    python = find_python(version) if version else ""
    assert await sabotage(tmp_path, shop(SOUND), python) == SabotageRecord()


@pytest.mark.parametrize("version", ["", *INTERPRETERS])
async def test_vacuous_tests_are_found(tmp_path: Path, version: str) -> None:
    python = find_python(version) if version else ""
    record = await sabotage(tmp_path, shop(VACUOUS), python)
    names = [line.split("(")[0].split()[1] for line in VACUOUS.splitlines() if "def test_" in line]
    assert record.problem == ""
    assert {name.partition("[")[0].rpartition("::")[2] for name in record.passed} == set(names)
    assert f"{TESTS}::test_always[0]" in record.passed
    assert f"{TESTS}::Plain::test_add" in record.passed


async def test_single_cases_are_told_apart(tmp_path: Path) -> None:
    tests = (
        "import pytest\nimport shop\n@pytest.mark.parametrize('n', [0, 1])\n"
        "def test_it(n):\n    assert n == 1 or shop.is_even(n)\n"
    )
    record = await sabotage(tmp_path, shop(tests))
    assert record.passed == (f"{TESTS}::test_it[1]",)


@pytest.mark.parametrize(
    ("tests", "passed"),
    [
        ("def test_hangs():\n    while not shop.is_even(2):\n        pass\n", ()),
        ("def test_ends():\n    shop.is_even(2) is True or __import__('os')._exit(0)\n", ()),
        ("import os\nos.environ['X'] = '1'\n", ()),
    ],
    ids=["hangs", "ends the process", "neither"],
)
async def test_one_test_does_not_hide_the_others(
    tmp_path: Path, tests: str, passed: tuple[str, ...]
) -> None:
    whole = (
        "import shop\n\n\ndef test_first():\n    assert True\n\n\n"
        f"{tests}\n\ndef test_last():\n    assert True\n"
    )
    record = await sabotage(tmp_path, shop(whole))
    assert record.problem == ""
    assert set(record.passed) == {f"{TESTS}::test_first", f"{TESTS}::test_last", *passed}


async def test_what_cannot_be_collected_cannot_be_told(tmp_path: Path) -> None:
    tests = "import shop\nSHARE = 1 / len(shop.TABLE)\ndef test_it():\n    assert True\n"
    record = await sabotage(tmp_path, shop(tests))
    assert "cannot be collected" in record.problem
    assert not record.is_hostile


async def test_tests_that_change_the_module_are_hostile(tmp_path: Path) -> None:
    tests = "import shop\ndef test_it():\n    open(shop.__file__, 'w').close()\n"
    record = await sabotage(tmp_path, shop(tests))
    assert record == SabotageRecord(problem=CHANGED, is_hostile=True)


@pytest.mark.parametrize(
    "conftest",
    [
        pytest.param("", id="nothing"),
        pytest.param(
            "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef nothing_is_logged(caplog):\n"
            "    yield\n    assert not caplog.records\n",
            id="a fixture that needs a plugin",
        ),
        pytest.param(
            "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef logged(request):\n"
            "    return request.getfixturevalue('cap' + 'log')\n",
            id="one that does not name it",
        ),
    ],
)
async def test_what_stands_around_the_tests_hides_no_vacuous_one(
    tmp_path: Path, conftest: str
) -> None:
    source = "def price(net):\n    return net * 2\n"
    tests = (
        "from net import price\n\n\ndef test_vacuous():\n"
        "    assert price(4) is not NotImplemented\n\n\n"
        "def test_sound():\n    assert price(4) == 8\n"
    )
    files = {"net.py": source, "tests/conftest.py": conftest}
    async with set_up(tmp_path, Judged("net.py", files, tests)) as bench:
        record = await run_sabotage(bench.python, bench.candidate, bench.roots)
    assert (record.problem, record.passed) == ("", (f"{TESTS}::test_vacuous",))
