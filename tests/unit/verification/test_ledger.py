"""The ledger: each test is known under its first name, whatever the cuts make of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from openhands_testgen.domain.expected import find_definitions, parse_source
from openhands_testgen.domain.verdict import CaseResult, Outcome, Problem
from openhands_testgen.verification.docket import Docket, EndedError
from openhands_testgen.verification.journal import Item
from openhands_testgen.verification.ledger import INSEPARABLE, Ledger

PATH = "tests/test_a.py"
FILE = b"""\
import pytest


@pytest.mark.parametrize("a", [1, 2, 3])
def test_a(a):
    assert a


@pytest.mark.parametrize("b", VALUES)
def test_b(b):
    assert b


def test_c():
    assert 1
"""
PROBLEM = Problem("failed", "fails", "mend it")


def list_items(a: int = 3, b: int = 2) -> list[Item]:
    names = [(f"test_a[a{n}]", "a", n) for n in range(a)] + [
        (f"test_b[b{n}]", "b", n) for n in range(b)
    ]
    items = [Item(id=f"{PATH}::{name}", line=0, indices={key: n}) for name, key, n in names]
    return [*items, Item(id=f"{PATH}::test_c", line=0, indices={})]


def fail(name: str, outcome: Outcome = Outcome.FAILED) -> CaseResult:
    return CaseResult(f"{PATH}::{name}", "tests.test_a", outcome, problems=(PROBLEM,))


@pytest.fixture
def ledger() -> Ledger:
    made = Ledger(PATH, FILE)
    assert made.enroll(list_items())
    return made


def get_outcomes(ledger: Ledger) -> dict[str, Outcome]:
    return {case.name.removeprefix(f"{PATH}::"): case.outcome for case in ledger.cases}


def test_at_first_all_are_kept_with_their_lines(ledger: Ledger) -> None:
    assert set(get_outcomes(ledger).values()) == {Outcome.PASSED}
    assert [case.line for case in ledger.cases] == [4, 4, 4, 9, 9, 14]
    assert ledger.content == FILE


def test_a_case_that_is_struck_keeps_its_first_name(ledger: Ledger) -> None:
    ledger.strike([fail("test_a[a0]")])
    assert b"[2, 3]" in ledger.content
    assert ledger.enroll(list_items(a=2))
    ledger.strike([fail("test_a[a0]", Outcome.FLAKY)])
    assert b"[3]" in ledger.content
    outcomes = get_outcomes(ledger)
    assert outcomes["test_a[a0]"] is Outcome.FAILED
    assert outcomes["test_a[a1]"] is Outcome.FLAKY
    assert outcomes["test_a[a2]"] is Outcome.PASSED


def test_what_cannot_be_told_apart_goes_along(ledger: Ledger) -> None:
    ledger.strike([fail("test_b[b1]")])
    assert b"test_b" not in ledger.content
    (along,) = [case for case in ledger.left_out if case.name.endswith("[b0]")]
    assert (along.outcome, along.problems) == (Outcome.REFUSED, (INSEPARABLE,))
    assert [entry.item.id for entry in ledger.kept][-1] == f"{PATH}::test_c"


def test_other_tests_than_before_are_noticed(ledger: Ledger) -> None:
    assert not ledger.enroll(list_items(a=2))


def test_seconds_are_noted(ledger: Ledger) -> None:
    ledger.note([replace(fail("test_c"), outcome=Outcome.PASSED, seconds=2.5)])
    assert [case.seconds for case in ledger.cases if case.seconds] == [2.5]


def test_tests_that_pytest_did_not_find_are_cut_by_their_name() -> None:
    made = Ledger(PATH, FILE)
    assert made.enroll(list_items()[:-1])
    made.strike([fail("test_c", Outcome.MISSING)])
    assert b"test_c" not in made.content
    assert get_outcomes(made)["test_c"] is Outcome.MISSING


def test_refused_definitions_are_cut_before_anything_runs() -> None:
    made = Ledger(PATH, FILE)
    definitions = find_definitions(parse_source(FILE.decode()))
    made.refuse([(definitions[0], [PROBLEM]), (definitions[2], [PROBLEM])])
    assert made.list_expected() == ("test_b",)
    assert get_outcomes(made) == {"test_a": Outcome.REFUSED, "test_c": Outcome.REFUSED}


def test_protected_tests_stay_in_what_is_delivered() -> None:
    made = Ledger(PATH, FILE, protected=frozenset({"test_c"}))
    assert made.enroll(list_items())
    made.strike([fail("test_c"), fail("test_a[a0]")])
    assert b"test_c" not in made.content
    delivered = made.render_delivered()
    assert b"test_c" in delivered
    assert b"[2, 3]" in delivered


def test_without_protected_tests_what_is_left_is_delivered(ledger: Ledger) -> None:
    ledger.strike([fail("test_c")])
    assert ledger.render_delivered() == ledger.content


def test_a_docket_explains_each_test_that_is_left_out(ledger: Ledger) -> None:
    docket = Docket(ledger)
    docket.strike("run", [fail("test_c")])
    docket.strike("run", [fail("test_a[a0]")])
    stage = docket.stages["run"]
    assert stage.passed
    assert stage.reasons == (
        f"{PATH}::test_c: fails; mend it",
        f"{PATH}::test_a[a0]: fails; mend it",
    )


def test_a_docket_ends_when_nothing_is_left() -> None:
    docket = Docket(Ledger(PATH, b"def test_c(): pass\n"))
    docket.ledger.enroll([Item(id=f"{PATH}::test_c", line=1, indices={})])
    with pytest.raises(EndedError) as caught:
        docket.strike("run", [fail("test_c")])
    assert not caught.value.stage.passed
    assert caught.value.stage.reasons == ("no sound test is left",)


def test_a_docket_ends_when_a_test_cannot_be_cut() -> None:
    docket = Docket(Ledger(PATH, b"test_c = make()\n\n\ndef test_d(): pass\n"))
    names = ("test_c", "test_d")
    docket.ledger.enroll([Item(id=f"{PATH}::{name}", line=0, indices={}) for name in names])
    with pytest.raises(EndedError) as caught:
        docket.strike("run", [fail("test_c")])
    assert "rejected as a whole" in caught.value.stage.reasons[0]
    assert not docket.stages["run"].passed
