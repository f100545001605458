"""A task that stays as it is, and how long that is waited for."""

from __future__ import annotations

import pytest

from openhands_testgen.domain.stay import LONGEST_STAY_SECONDS, Stays
from openhands_testgen.domain.task import Status, TaskState

QUEUED, RUNNING = TaskState(Status.QUEUED), TaskState(Status.RUNNING, steps=1, step="Read a.py")
LONGEST = LONGEST_STAY_SECONDS[Status.RUNNING]
LONGEST_IN_LINE = LONGEST_STAY_SECONDS[Status.QUEUED]


@pytest.mark.parametrize("status", LONGEST_STAY_SECONDS)
def test_a_stay_ends_at_its_longest(status: Status) -> None:
    stays, longest = Stays(), LONGEST_STAY_SECONDS[status]
    for seconds in (100.0, 100.0 + longest - 1):
        stays.note("a", TaskState(status), seconds)
    assert stays.explain("a", 100 + longest - 1) == ""
    assert f"The task is {status} and n" in stays.explain("a", 100 + longest)


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
def test_an_end_lasts(status: Status) -> None:
    stays = Stays()
    stays.note("a", TaskState(status), 0.0)
    assert stays.explain("a", 1e9) == ""


def test_what_was_never_seen_does_not_stay() -> None:
    assert Stays().explain("a", 1e9) == ""


def test_a_step_begins_another_stay() -> None:
    stays = Stays()
    stays.note("a", RUNNING, 0.0)
    stays.note("a", TaskState(Status.RUNNING, steps=2, step="Read b.py"), LONGEST - 1)
    assert stays.explain("a", LONGEST) == ""
    assert stays.explain("a", 2 * LONGEST - 1)


def test_a_line_moves_as_long_as_any_task_does() -> None:
    stays = Stays()
    stays.note("waits", QUEUED, 0.0)
    stays.note("works", QUEUED, 0.0)
    stays.note("works", RUNNING, 1_000.0)
    assert stays.explain("waits", 1_000 + LONGEST_IN_LINE - 1) == ""
    assert stays.explain("waits", 1_000 + LONGEST_IN_LINE)


def test_another_task_is_no_step_of_ours() -> None:
    stays = Stays()
    stays.note("hangs", RUNNING, 0.0)
    stays.note("works", QUEUED, 1_000.0)
    assert stays.explain("hangs", LONGEST)
