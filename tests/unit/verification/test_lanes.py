"""Two lanes: side by side, each job alone on one, and all removed at the end."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, cast

import pytest

from openhands_testgen.verification.lanes import open_lanes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from openhands_testgen.verification.lane import Lane

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Yard:
    """Opens lanes that are only names, and knows which are open and which in use."""

    def __init__(self) -> None:
        self.open: list[int] = []
        self.opened = 0
        self.busy: set[int] = set()
        self.together = 0

    @asynccontextmanager
    async def open_lane(self) -> AsyncIterator[Lane]:
        self.opened += 1
        number = self.opened
        self.open.append(number)
        yield cast("Lane", number)
        self.open.remove(number)

    async def work(self, done: list[int], job: int, lane: Lane) -> None:
        number = cast("int", lane)
        assert number not in self.busy
        self.busy.add(number)
        self.together = max(self.together, len(self.busy))
        await asyncio.sleep(0)
        self.busy.remove(number)
        done.append(job)


@pytest.mark.parametrize(("jobs", "opened"), [(0, 1), (1, 1), (2, 2), (5, 2)])
async def test_jobs_share_the_lanes(jobs: int, opened: int) -> None:
    yard, done = Yard(), list[int]()
    async with open_lanes(yard.open_lane) as lanes:
        await lanes.run_all([partial(yard.work, done, job) for job in range(jobs)])
        assert yard.opened == opened
    assert sorted(done) == list(range(jobs))
    assert yard.together == min(jobs, 2)
    assert yard.open == []


async def test_the_first_error_ends_all_jobs() -> None:
    yard, ended = Yard(), asyncio.Event()

    async def wait(lane: Lane) -> None:
        del lane
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def fail(lane: Lane) -> None:
        raise ValueError(lane)

    async with open_lanes(yard.open_lane) as lanes:
        with pytest.raises(ValueError, match=r"\d"):
            await lanes.run_all([wait, fail, wait])
        assert ended.is_set()
    assert yard.open == []
