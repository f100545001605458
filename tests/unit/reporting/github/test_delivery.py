"""Deliveries: what goes where, and where nothing goes."""

from __future__ import annotations

import pytest

from openhands_testgen.reporting.github.delivery import (
    choose_path,
    explain_refusal,
    find_base,
    plan_delivery,
)
from openhands_testgen.reporting.github.event import Event
from tests.fakes.hostile import TEXTS, make_hostile
from tests.fakes.results import make_rejected, make_result

HEAD = "a" * 40


@pytest.mark.parametrize(
    ("event", "refusal"),
    [
        (Event("pull_request", HEAD, "feature", 7), ""),
        (Event("push", HEAD, "main"), ""),
        (
            Event("pull_request", HEAD, "", 7, is_fork=True),
            "tests are never delivered to the branches of forks",
        ),
        (
            Event("pull_request_target", HEAD, "x", 7, is_fork=True),
            "tests are never delivered to the branches of forks",
        ),
        (Event("push", HEAD), "the event `push` names no branch to deliver to"),
        (Event("pull_request"), "the event `pull_request` names no branch to deliver to"),
        (
            Event("pull_request", HEAD, "openhands-testgen/main", 7),
            "openhands-testgen/main is a branch of delivered tests itself",
        ),
    ],
)
def test_where_nothing_is_delivered(event: Event, refusal: str) -> None:
    assert explain_refusal(event) == refusal


def test_a_delivery() -> None:
    files = {"tests/test_a.py": b"x"}
    event = Event("pull_request", HEAD, "feature", 7)
    plan = plan_delivery(event, [make_result(), make_rejected(module_path="b.py")], files)
    assert plan.subject == "Tests for src/shop/prices.py"
    assert plan.message == f"{plan.subject}\n\ntests/test_a.py\n\nGenerated-Tests-Base: {HEAD}\n"
    assert find_base(plan.message) == HEAD
    assert plan.own_branch == "openhands-testgen/feature"
    assert plan.is_automatic
    assert "1 rejected, 1 accepted" in plan.body


def test_several_modules_are_counted() -> None:
    results = [make_result(module_path=f"{letter}.py") for letter in "ab"]
    plan = plan_delivery(Event("workflow_dispatch", HEAD, "main"), results, {})
    assert plan.subject == "Tests for 2 modules"
    assert not plan.is_automatic


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_texts_cannot_forge_a_message(text: str) -> None:
    result = make_hostile(text)
    plan = plan_delivery(Event("push", HEAD, "main"), [result], {f"tests/{text}": b""})
    assert find_base(plan.message) == HEAD
    assert len(plan.subject) <= 72
    assert all(char.isprintable() or char == "\n" for char in plan.message)
    assert "<script" not in plan.body
    assert len(plan.body.encode()) < 65_000


@pytest.mark.parametrize(
    "message",
    ["", "Fix a bug", "x Generated-Tests-Base: " + HEAD, "Generated-Tests-Base: nothing"],
)
def test_other_commits_are_not_ours(message: str) -> None:
    assert not find_base(message)


@pytest.mark.parametrize(
    ("prefix", "path", "chosen"),
    [
        ("", "tests/test_a.py", "tests/test_a.py"),
        ("backend", "tests/test_a.py", "backend/tests/test_a.py"),
        ("", "../test_a.py", ""),
        ("", "/etc/test_a.py", ""),
        ("", ".git/hooks/test_a.py", ""),
        ("../x", "test_a.py", ""),
        ("", "tests//test_a.py", ""),
        ("", "tests/te\nst.py", ""),
        ("", "", ""),
    ],
)
def test_paths(prefix: str, path: str, chosen: str) -> None:
    assert choose_path(prefix, path) == chosen
