"""Static rules: each cheat of the corpus by its rule, no sound twin by any."""

from __future__ import annotations

import ast

import pytest

from openhands_testgen.verification.rules.table import RULES
from openhands_testgen.verification.stages.rules import judge_rules
from tests.corpus.table import FILES, PROJECT, RUN, SAME_NAME, STATIC, read_file, read_pair


def find_rules(source: bytes, module: str = "shop.py") -> dict[tuple[str, int], set[str]]:
    """Return the rules by test; what is wrong with the whole file stands under no name."""
    content = (PROJECT / module).read_bytes()
    found = judge_rules(source, module.removesuffix(".py"), content)
    rules = {
        (definition.name, definition.line): {problem.rule for problem in problems}
        for definition, problems in found.tests
    }
    return rules | ({("", 0): {problem.rule for problem in found.whole}} if found.whole else {})


@pytest.mark.parametrize("name", STATIC)
def test_a_cheat_is_refused_by_its_rule_and_its_twin_is_not(name: str) -> None:
    rules = find_rules(read_pair(name).encode())
    refused = {test.rpartition("::")[2] for test, _ in rules}
    assert refused == {"test_shadowed"} if name in SAME_NAME else {f"test_{name}_cheat"}
    assert len(rules) == 1
    assert STATIC[name] in next(iter(rules.values()))


@pytest.mark.parametrize("name", RUN)
def test_what_only_a_run_can_tell_is_left_to_it(name: str) -> None:
    assert find_rules(read_pair(name).encode()) == {}


@pytest.mark.parametrize("name", FILES)
def test_sound_files_break_no_rule(name: str) -> None:
    assert find_rules(read_file(name, "sound"), FILES[name].twin_module) == {}


def test_every_rule_has_a_cheat() -> None:
    assert set(RULES) == set(STATIC.values())


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_says_why_and_what_would_mend_it(rule: str) -> None:
    reason, remedy = RULES[rule]
    assert reason[0].islower()
    assert remedy[0].islower()
    assert not reason.endswith(".")


def test_all_pairs_are_python() -> None:
    for name in [*STATIC, *RUN]:
        assert ast.parse(read_pair(name)).body
