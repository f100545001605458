"""What of a module can be tested."""

from __future__ import annotations

import pytest

from openhands_testgen.domain.module import find_untested, get_default_output, parse_module
from openhands_testgen.errors import ConfigurationError, NothingToTestError

SOURCE = b"""
import os

LIMIT = 3

def price(amount: int, *, tax: float = 0.2) -> float:
    return amount * (1 + tax)

async def fetch(): ...

class Cart(dict):
    def add(self, item): ...
    class Inner:
        def deep(self): ...

if os.name == "nt":
    def only_windows(): ...

def _private(): ...
"""


def test_lists_functions_classes_and_methods_with_lines() -> None:
    members = parse_module("a.py", SOURCE)
    assert [member.name for member in members] == [
        "price",
        "fetch",
        "Cart",
        "Cart.add",
        "Cart.Inner",
        "only_windows",
        "_private",
    ]
    assert members[0].signature == "def price(amount: int, *, tax: float=0.2) -> float"
    assert members[0].line == 6
    assert members[1].signature == "async def fetch()"
    assert members[2].signature == "class Cart(dict)"


def test_untested_are_the_public_ones_that_no_test_mentions() -> None:
    members = parse_module("a.py", SOURCE)
    untested = find_untested(members, ["def test_price(): price(1)", "Cart().add(2)"])
    assert [member.name for member in untested] == ["fetch", "Cart.Inner", "only_windows"]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"X = 1\n", b"import os\n"])
def test_nothing_to_test(content: bytes) -> None:
    with pytest.raises(NothingToTestError, match="nothing to test"):
        parse_module("a.py", content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"def f(:\n", "not valid Python (line 1"),
        (b"\xff\xfe\n", "not UTF-8 (byte 0)"),
        (b"def f(): pass\n\0", "not valid Python"),
    ],
)
def test_not_python(content: bytes, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_module("a.py", content)
    assert message in str(caught.value)
    assert str(caught.value).startswith("module: a.py")


def test_a_byte_order_mark_is_fine() -> None:
    assert len(parse_module("a.py", b"\xef\xbb\xbfdef f(): pass\n")) == 1


@pytest.mark.parametrize(
    ("module", "output"),
    [
        ("a.py", "tests/test_a.py"),
        ("src/shop/prices.py", "tests/test_prices.py"),
        ("src/shop/_private.py", "tests/test_private.py"),
        ("src/shop/__init__.py", "tests/test_init.py"),
        ("_.py", "tests/test_module.py"),
    ],
)
def test_default_output(module: str, output: str) -> None:
    assert get_default_output(module) == output
