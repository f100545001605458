"""Which tests a file defines."""

from __future__ import annotations

import pytest

from openhands_testgen.domain.expected import expected_tests


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", ()),
        ("def test_a(): ...", ("test_a",)),
        ("def testing(): ...", ("testing",)),
        ("async def test_a(): ...", ("test_a",)),
        ("def helper(): ...\ndef test_a(): ...\ndef test_b(): ...", ("test_a", "test_b")),
        ("def test_a(): ...\ndef test_a(): ...", ("test_a",)),
        ("@pytest.fixture\ndef test_a(): ...", ()),
        ("@fixture\ndef test_a(): ...", ()),
        ("@pytest.fixture(scope='module')\ndef test_a(): ...", ()),
        ("@pytest.mark.parametrize('x', [1])\ndef test_a(x): ...", ("test_a",)),
        ("if True:\n    def test_a(): ...", ()),
        ("def outer():\n    def test_a(): ...", ()),
        ("class TestCart:\n    def test_a(self): ...\n    def b(self): ...", ("TestCart::test_a",)),
        ("class Cart:\n    def test_a(self): ...", ()),
        ("class TestCart:\n    def __init__(self): ...\n    def test_a(self): ...", ()),
        ("class TestCart:\n    def __new__(cls): ...\n    def test_a(self): ...", ()),
        ("class Cart(TestCase):\n    def test_a(self): ...", ("Cart::test_a",)),
        ("class Cart(unittest.TestCase):\n    def test_a(self): ...", ("Cart::test_a",)),
        (
            "class Cart(IsolatedAsyncioTestCase):\n    async def test_a(self): ...",
            ("Cart::test_a",),
        ),
        (
            "class TestA:\n    class TestB:\n        def test_c(self): ...",
            ("TestA::TestB::test_c",),
        ),
        ("__test__ = False\ndef test_a(): ...", ()),
        ("__test__ = True\ndef test_a(): ...", ("test_a",)),
        ("class TestA:\n    __test__ = False\n    def test_a(self): ...", ()),
    ],
)
def test_expected(source: str, expected: tuple[str, ...]) -> None:
    assert expected_tests(source) == expected


def test_what_is_no_python_is_refused() -> None:
    with pytest.raises(SyntaxError):
        expected_tests("def test_a(:")
