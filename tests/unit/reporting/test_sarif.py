"""SARIF by its official schema, with findings that stay the same when lines move."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, cast

import jsonschema
import pytest

from openhands_testgen.reporting.sarif import FINGERPRINT, MAX_RESULTS, RULES, render_sarif
from tests.fakes.hostile import TEXTS, make_hostile
from tests.fakes.results import (
    CASE_FAILED,
    make_mutation,
    make_rejected,
    make_result,
    make_survivor,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.domain.report import TaskResult

SCHEMA = Path(__file__).parents[2] / "data" / "sarif-schema-2.1.0.json"
VALIDATOR = jsonschema.Draft4Validator(json.loads(SCHEMA.read_bytes()))
MODULE = ["import os", "", "def f(a):", "    return a < 1", "def g(a):", "    return a < 1"]

type Json = dict[str, object]


def render(result: TaskResult, module: Sequence[str] = MODULE, prefix: str = "") -> list[Json]:
    log = json.loads(render_sarif(result, module, prefix))
    VALIDATOR.validate(log)
    (run,) = log["runs"]
    return cast("list[Json]", run["results"])


def list_fingerprints(result: TaskResult, module: Sequence[str] = MODULE) -> list[object]:
    found = [one["partialFingerprints"] for one in render(result, module)]
    return [cast("Json", one)[FINGERPRINT] for one in found]


def make_full(**changes: object) -> TaskResult:
    problem = {"rule": "no-assertion", "line": 7, "reason": "asserts nothing", "remedy": "assert"}
    refused = {**CASE_FAILED, "outcome": "refused", "line": 7, "problems": [problem]}
    flaky = {**CASE_FAILED, "name": "test_c", "outcome": "flaky"}
    content: dict[str, object] = {
        "tests": {"total": 2, "passed": 0, "cases": [refused, flaky]},
        "mutation": make_mutation(survivors=[make_survivor(line=4), make_survivor(line=6)]),
        "missing_lines": [3, 4, 6],
    }
    return make_rejected(**{**content, **changes})


def test_every_finding_has_its_rule_level_and_place() -> None:
    found = [
        (one["ruleId"], one["level"], cast("Json", one["message"])["text"])
        for one in render(make_full())
    ]
    assert found == [
        ("rejected-tests", "error", "coverage: 40.0% is below 80%"),
        ("unsound-test", "error", "test_b (refused): asserts nothing. To mend it: assert."),
        ("flaky-test", "error", "test_c (flaky): assert 1 == 2"),
        ("surviving-mutant", "warning", "No test notices when a < b becomes a <= b."),
        ("surviving-mutant", "warning", "No test notices when a < b becomes a <= b."),
        ("uncovered-lines", "note", "Lines 3 to 4 are not reached by the generated tests."),
        ("uncovered-lines", "note", "Line 6 is not reached by the generated tests."),
    ]
    places = [json.dumps(one["locations"]) for one in render(make_full(), prefix="sub folder")]
    assert '"uri": "sub%20folder/src/shop/prices.py"' in places[0]
    assert '"uri": "sub%20folder/tests/test_prices.py"' in places[1]
    assert '"startLine": 7' in places[1]
    assert '"fullyQualifiedName": "test_b"' in places[1]
    assert '"startLine": 3, "endLine": 4' in places[5]


def test_what_is_left_out_of_a_delivered_file_is_a_warning_without_a_line() -> None:
    result = make_result(tests={"total": 1, "passed": 0, "cases": [{**CASE_FAILED, "line": 7}]})
    (finding,) = render(result)
    assert finding["level"] == "warning"
    assert "region" not in json.dumps(finding["locations"])


def test_nothing_to_find_is_a_valid_log_too() -> None:
    assert render(make_result(), []) == []


def test_fingerprints_tell_findings_apart_and_stay_when_lines_move() -> None:
    before = list_fingerprints(make_full())
    assert len(set(before)) == len(before)
    survivors = [make_survivor(line=6), make_survivor(line=8)]
    moved = make_full(mutation=make_mutation(survivors=survivors), missing_lines=[5, 6, 8])
    assert list_fingerprints(moved, ["# new", "# lines", *MODULE]) == before


def test_fingerprints_change_with_the_code() -> None:
    changed = [line.replace("< 1", "< 2") for line in MODULE]
    before, after = list_fingerprints(make_full()), list_fingerprints(make_full(), changed)
    assert before[:3] == after[:3]
    assert not set(before[3:]) & set(after[3:])


def test_no_more_findings_than_github_shows() -> None:
    result = make_full(missing_lines=list(range(1, 20_000, 2)))
    assert len(render(result)) == MAX_RESULTS


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_text_is_neither_link_nor_placeholder(text: str) -> None:
    log = json.loads(render_sarif(make_hostile(text), [text] * 20, text))
    VALIDATOR.validate(log)
    for finding in log["runs"][0]["results"]:
        message = finding["message"]["text"]
        assert len(message) <= 1_000
        assert all(char.isprintable() or char == "\n" for char in message)
        assert "](" not in message
        assert "{0}" not in message
        assert finding["ruleId"] in {rule.id for rule in RULES}
        assert finding["ruleIndex"] == [rule.id for rule in RULES].index(finding["ruleId"])
