"""Where changes are made, which of them are chosen, and how they are shown."""

from __future__ import annotations

import ast

import pytest

from openhands_testgen.verification.inside.changes import (
    Change,
    find_changes,
    get_source,
    shorten,
    spread,
)
from openhands_testgen.verification.inside.sites import find_sites, get_last_name

SHOP = '''
"""A shop."""
import logging
from typing import TYPE_CHECKING, Literal, TypeVar, overload

if TYPE_CHECKING:
    import decimal
    LIMIT = 1

__all__ = ["Cart"]
__version__ = "1.0"
T = TypeVar("T", bound="Cart")
Kind = Literal["a", "b"]
logger = logging.getLogger(__name__)


@overload
def load(name: str) -> int: ...


def load(name: "str" = "x") -> "int | None":
    """Load it."""
    logger.warning("loading %s", name)
    raise NotImplementedError("later")


if __name__ == "__main__":
    load("y")
'''


def change(source: str) -> list[Change]:
    return list(find_changes(ast.parse(source), range(1, 100)))


def test_what_no_test_could_notice_is_left_out() -> None:
    assert [(one.operator, one.line) for one in change(SHOP)] == [
        ("value", 14),
        ("text", 21),
    ]


@pytest.mark.parametrize(
    ("covered", "expected"),
    [
        ([], []),
        ([1], ["constant", "decorator"]),
        ([2], ["constant"]),
        ([3], ["comparison", "comparison", "constant"]),
        ([4], ["result", "constant"]),
        ([5], []),
        ([6], ["constant", "result"]),
        ([99], []),
    ],
)
def test_only_covered_lines_are_changed(covered: list[int], expected: list[str]) -> None:
    source = "@a\ndef f(x=1):\n    if x < 3:\n        return [\n            5]\n    return 6\n"
    assert [one.operator for one in find_changes(ast.parse(source), covered)] == expected


def test_the_place_tells_the_function_and_when_it_runs() -> None:
    source = (
        "A = 1\n"
        "class B:\n"
        "    c = 2\n"
        "    @d(3)\n"
        "    def e(self, f=4):\n"
        "        def g():\n"
        "            return 5\n"
        "        return lambda: 6\n"
    )
    places = {
        site.node.value: (site.place.function, site.place.is_in_function)
        for site in find_sites(ast.parse(source))
        if isinstance(site.node, ast.Constant)
    }
    assert places == {
        1: ("", False),
        2: ("B", False),
        3: ("B", False),
        4: ("B", False),
        5: ("B.e.g", True),
        6: ("B.e", True),
    }


def test_a_sample_is_spread_over_functions_and_lines() -> None:
    source = "".join(
        f"def f{number}(a):\n    b = a + {number} * 2\n    return b - 3\n" for number in range(1, 6)
    )
    changes = change(source)
    first = spread(changes, seed=1)[:10]
    assert sorted(one.line for one in first) == sorted({one.line for one in changes})
    assert {one.site.place.function for one in first[:5]} == {"f1", "f2", "f3", "f4", "f5"}


def test_the_same_seed_makes_the_same_sample() -> None:
    source = "def f(a, b):\n    return a + b * 2 - (a < b) * a[1:b]\n"
    first, again, other = (spread(change(source), seed) for seed in (1, 1, 2))
    assert [one.operator for one in first] == [one.operator for one in again]
    assert [one.operator for one in first] != [one.operator for one in other]
    assert sorted(one.operator for one in first) == sorted(one.operator for one in other)


def test_nested_nodes_that_begin_together_have_lots_of_their_own() -> None:
    ordered = [spread(change("x = a + b + c + d"), seed) for seed in range(8)]
    assert len({tuple(ast.dump(one.site.node) for one in order) for order in ordered}) > 1


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a + b", "a + b"),
        ("x = 'ä' + ö", "'ä' + ö"),
        ("x = (a +\n    b)", "a +\n    b"),
    ],
)
def test_source_is_shown_as_it_stands_in_the_file(source: str, expected: str) -> None:
    (node,) = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.BinOp)]
    assert get_source(node, source.encode().split(b"\n")) == expected


def test_long_text_is_cut() -> None:
    assert shorten("a\n  b") == "a b"
    assert len(shorten("a" * 1000)) == 160


def test_a_change_describes_itself() -> None:
    source = "if a < 1: pass"
    (first, *_) = change(source)
    assert (first.line, first.column) == (1, 3)
    assert first.describe([source.encode()]) == ("a < 1", "a <= 1")


def test_what_is_no_program_is_none() -> None:
    tree = ast.parse("for a in b: break")
    (found,) = find_changes(tree, [1])
    broken = Change(found.site, "jump", 0, ast.Name(id="x", ctx=ast.Store()))
    assert broken.compile(tree, "a.py") is None
    assert ast.unparse(tree) == "for a in b:\n    break"


@pytest.mark.parametrize(
    ("source", "expected"),
    [("a", "a"), ("a.b", "b"), ("a.b(c)", "b"), ("a[b]", ""), ("1", "")],
)
def test_last_names(source: str, expected: str) -> None:
    assert get_last_name(ast.parse(source, mode="eval").body) == expected
