"""What the engine does next: one row a situation."""

from __future__ import annotations

import pytest

from openhands_testgen.backends.engine.agenda import Agenda, TaskView, make_agenda


def new(key: str) -> TaskView:
    return TaskView(key, is_posted=False, is_cancelled=False)


def cancelled(key: str) -> TaskView:
    return TaskView(key, is_posted=False, is_cancelled=True)


def posted(key: str) -> TaskView:
    return TaskView(key, is_posted=True, is_cancelled=False)


def stopping(key: str) -> TaskView:
    return TaskView(key, is_posted=True, is_cancelled=True)


@pytest.mark.parametrize(
    ("tasks", "room", "expected"),
    [
        ([], 2, Agenda()),
        ([new("a")], 2, Agenda(post=["a"])),
        ([new("a"), new("b"), new("c")], 2, Agenda(post=["a", "b"], wait=["c"])),
        ([posted("a"), new("b"), new("c")], 2, Agenda(post=["b"], wait=["c"], watch=["a"])),
        ([posted("a"), posted("b"), new("c")], 2, Agenda(wait=["c"], watch=["a", "b"])),
        ([posted("a"), posted("b"), new("c")], 1, Agenda(wait=["c"], watch=["a", "b"])),
        ([cancelled("a"), new("b")], 1, Agenda(drop=["a"], post=["b"])),
        ([stopping("a"), new("b")], 1, Agenda(wait=["b"], watch=["a"], stop=["a"])),
    ],
)
def test_agenda(tasks: list[TaskView], room: int, expected: Agenda) -> None:
    assert make_agenda(tasks, room) == expected


@pytest.mark.parametrize(
    ("agenda", "needs"),
    [
        (Agenda(), False),
        (Agenda(drop=["a"]), False),
        (Agenda(post=["a"]), True),
        (Agenda(wait=["a"]), True),
        (Agenda(watch=["a"]), True),
    ],
)
def test_a_server_is_started_only_for_work(agenda: Agenda, needs: bool) -> None:
    assert agenda.needs_server is needs
