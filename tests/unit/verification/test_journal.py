"""The record of a run: what it says, and what makes it a forgery."""

from __future__ import annotations

import json

import pytest

from openhands_testgen.domain.verdict import Outcome
from openhands_testgen.verification.journal import Journal, parse_journal, render_classname

TOKEN = "0123"
A, B = "tests/test_a.py::test_a", "tests/test_a.py::TestB::test_b[1]"
CANARY = "tests/test_a.py::test_bird"


def line(event: str, token: str = TOKEN, **content: object) -> bytes:
    return json.dumps({"token": token, "event": event, **content}).encode() + b"\n"


def collected(*names: str) -> bytes:
    items = [{"id": name, "line": 1, "indices": {}} for name in names]
    return line("collected", items=items, writes=[])


def case(name: str, *outcomes: str, xfail: bool = False, writes: tuple[str, ...] = ()) -> bytes:
    phases = [
        line(
            "phase",
            id=name,
            outcome=outcome,
            xfail=xfail,
            message=outcome,
            seconds=0.5,
            when=when,
        )
        for when, outcome in zip(("setup", "call", "teardown"), outcomes, strict=False)
    ]
    end = line("finish", id=name, writes=list(writes))
    return b"".join([line("start", id=name), *phases, end])


def ended(exit_code: int = 0) -> bytes:
    return line("ended", exit_code=exit_code, lines=None)


def parse(*parts: bytes, canaries: tuple[str, ...] = ()) -> Journal:
    return parse_journal(b"".join(parts), TOKEN, canaries)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (("passed", "passed", "passed"), Outcome.PASSED),
        (("passed", "failed", "passed"), Outcome.FAILED),
        (("passed", "passed", "failed"), Outcome.ERROR),
        (("failed", "passed"), Outcome.ERROR),
        (("skipped", "passed"), Outcome.SKIPPED),
        (("passed", "failed", "failed"), Outcome.ERROR),
    ],
)
def test_the_worst_phase_counts(outcomes: tuple[str, ...], expected: Outcome) -> None:
    journal = parse(collected(A), case(A, *outcomes), ended())
    assert journal.cases[A].outcome is expected
    assert journal.cases[A].seconds == 0.5 * len(outcomes)
    assert (journal.is_complete, journal.running, journal.forgery) == (True, "", "")


@pytest.mark.parametrize("outcome", ["passed", "skipped"])
def test_what_is_expected_to_fail_is_refused(outcome: str) -> None:
    journal = parse(collected(A), case(A, "passed", outcome, xfail=True), ended())
    assert journal.cases[A].outcome is Outcome.REFUSED


def test_a_run_that_breaks_off_names_the_running_test() -> None:
    journal = parse(collected(A, B), case(A, "passed"), line("start", id=B), b'{"token": "01')
    assert (journal.running, journal.is_complete) == (B, False)
    assert list(journal.cases) == [A]


def test_writers_are_named() -> None:
    journal = parse(collected(A), case(A, "passed", writes=("data.txt",)), ended())
    assert journal.writers == {"data.txt": A}
    imported = line("collected", items=[], writes=["data.txt"])
    assert parse(imported, case(A, "passed", writes=("data.txt",))).writers == {"data.txt": ""}


@pytest.mark.parametrize(
    "forged",
    [
        b"anything\n",
        b"{}\n",
        line("ended", token="other", exit_code=0, lines=None),
        line("phase", id=A, outcome="excellent", xfail=False, message="", seconds=0, when="call"),
        line("finish", id=A, writes=[], more=1),
        ended() + collected(A),
    ],
)
def test_what_cannot_be_ours_is_a_forgery(forged: bytes) -> None:
    assert "something else wrote" in parse(collected(A), case(A, "passed"), forged).forgery


def test_what_came_before_a_forgery_does_not_save_it() -> None:
    assert parse(collected(A), case(A, "passed"), ended(), b"\n").forgery


@pytest.mark.parametrize(
    ("bird", "is_forged"),
    [
        (case(CANARY, "passed", "failed", "passed"), False),
        (case(CANARY, "failed", "passed"), False),
        (case(CANARY, "passed", "passed", "passed"), True),
        (b"", True),
    ],
)
def test_tests_that_must_fail_have_failed(bird: bytes, is_forged: bool) -> None:
    journal = parse(collected(A), case(A, "passed"), bird, ended(), canaries=("test_bird",))
    assert bool(journal.forgery) is is_forged
    assert list(journal.cases) == [A]


@pytest.mark.parametrize(("exit_code", "is_complete"), [(0, 1), (1, 1), (5, 1), (2, 0), (3, 0)])
def test_a_run_that_pytest_gave_up_is_not_complete(exit_code: int, is_complete: int) -> None:
    journal = parse(collected(A), case(A, "passed"), ended(exit_code))
    assert (journal.has_ended, journal.is_complete) == (True, bool(is_complete))


def test_a_test_that_was_running_has_no_result() -> None:
    half = case(CANARY, "passed").splitlines(keepends=True)[:-1]
    journal = parse(collected(A), case(A, "failed"), *half, ended(3), canaries=("test_bird",))
    assert (list(journal.cases), journal.running, journal.forgery) == ([A], "", "")
    assert not journal.is_complete


def test_a_run_that_broke_off_need_not_have_had_them() -> None:
    journal = parse(collected(A), line("start", id=A), canaries=("test_bird",))
    assert journal.forgery == ""


@pytest.mark.parametrize(
    ("name", "expected"),
    [(A, "tests.test_a"), (B, "tests.test_a.TestB"), ("test_a.py", "test_a")],
)
def test_the_class_is_named_as_junit_does(name: str, expected: str) -> None:
    assert render_classname(name) == expected
