"""The prompt says what is asked for, what there is, and what is out of bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from openhands_testgen.domain.module import Member
from openhands_testgen.domain.prompt import MAX_LISTED, Briefing, is_test_file, render_prompt
from openhands_testgen.domain.task import Assignment

ADD = Member("Cart.add", "def add(self, price: int) -> None", 12)
BRIEFING = Briefing(
    assignment=Assignment("src/shop/cart.py", "tests/test_cart.py", 82.5),
    import_name="shop.cart",
    members=[ADD],
    untested=[],
    existing_tests=[],
    configuration_files=[],
    output_exists=False,
    uses_unittest=False,
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("test_a.py", True),
        ("tests/test_a.py", True),
        ("tests/a_test.py", True),
        ("tests/a.py", False),
        ("tests/test_a.txt", False),
        ("test_a/a.py", False),
        ("tests/conftest.py", False),
    ],
)
def test_names_that_pytest_collects(path: str, *, expected: bool) -> None:
    assert is_test_file(path) is expected


def test_programs_find_their_lines() -> None:
    lines = render_prompt(BRIEFING).splitlines()
    assert "Module under test: `src/shop/cart.py`" in lines
    assert "Import it as: `shop.cart`" in lines
    assert "Test file to write: `tests/test_cart.py`" in lines
    assert "- line 12: `Cart.add`: `def add(self, price: int) -> None`" in lines


def test_bounds_and_threshold() -> None:
    prompt = render_prompt(BRIEFING)
    assert "Write `tests/test_cart.py` and nothing else" in prompt
    assert "at least 82.5% of the module's lines and branches" in prompt
    assert "It does not exist yet." in prompt
    assert prompt.endswith("you left out.\n")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"output_exists": True}, "It exists already: keep every test in it as it is"),
        ({"untested": [ADD]}, "`Cart.add`: `def add(self, price: int) -> None`  (no test mentions"),
        ({"uses_unittest": True}, "`unittest.TestCase` classes; so are yours"),
        ({"configuration_files": ["setup.cfg"]}, "and shared fixtures: `setup.cfg`."),
        ({"existing_tests": [f"t{n}.py" for n in range(20)]}, "`t6.py`, `t7.py`.\n"),
        ({"members": [ADD] * (MAX_LISTED + 2)}, "- and 2 more"),
    ],
)
def test_what_the_project_has_is_said(changes: dict[str, object], said: str) -> None:
    plain, changed = render_prompt(BRIEFING), render_prompt(replace(BRIEFING, **changes))  # type: ignore[arg-type] # a row of the table
    assert said in changed
    assert said not in plain


def test_instructions_come_last() -> None:
    assignment = replace(BRIEFING.assignment, instructions="  Mind {braces} and the rounding.\n")
    prompt = render_prompt(replace(BRIEFING, assignment=assignment))
    assert prompt.endswith("asked for it\n\nMind {braces} and the rounding.\n")
