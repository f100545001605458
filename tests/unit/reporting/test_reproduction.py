"""What a reader is told to type does nothing else."""

from __future__ import annotations

import shlex

import pytest

from openhands_testgen.reporting.reproduction import list_recipes
from tests.fakes.hostile import TEXTS, make_hostile
from tests.fakes.results import make_result


def test_a_judged_task_is_judged_again_from_its_patch() -> None:
    verify, collect = list_recipes(make_result(output_path="tests/my test.py"))
    assert verify.command == (
        "git apply tests.patch\n"
        "runner/launch verify --module=src/shop/prices.py --tests='tests/my test.py' "
        "--coverage-threshold=80"
    )
    assert collect.command == "runner/launch collect v1.embedded.abc"
    assert "stay there" in collect.purpose


def test_a_task_elsewhere_is_collected_from_anywhere() -> None:
    (collect,) = list_recipes(make_result(task_id="v1.agent-server.abc", verdict=None))
    assert "any machine" in collect.purpose


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_foreign_text_is_one_word(text: str) -> None:
    for recipe in list_recipes(make_hostile(text)):
        first, second = recipe.command.split("\n")
        assert first == "git apply tests.patch"
        assert len(shlex.split(second)) == 5
        assert second.isprintable()
