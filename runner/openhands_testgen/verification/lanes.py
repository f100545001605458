"""Two lanes at most, so that two runs at a time never meet in one copy."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from openhands_testgen.verification.lane import Lane

    type OpenLane = Callable[[], AbstractAsyncContextManager[Lane]]

MOST_LANES = 2


class Lanes:
    """The first lane is there from the beginning, the second one once it is of use."""

    def __init__(self, first: Lane, stack: AsyncExitStack, open_lane: OpenLane) -> None:
        """Use ``open_lanes``."""
        self.first = first
        self._stack = stack
        self._open_lane = open_lane
        self._all = [first]

    async def run_all(self, jobs: Sequence[Callable[[Lane], Awaitable[None]]]) -> None:
        """Run jobs side by side, each alone on a lane; the first error ends all of them."""
        while len(self._all) < min(MOST_LANES, len(jobs)):
            self._all.append(await self._stack.enter_async_context(self._open_lane()))
        free: asyncio.Queue[Lane] = asyncio.Queue()
        for lane in self._all:
            free.put_nowait(lane)

        async def run(job: Callable[[Lane], Awaitable[None]]) -> None:
            lane = await free.get()
            try:
                await job(lane)
            finally:
                free.put_nowait(lane)

        running = [asyncio.create_task(run(job)) for job in jobs]
        try:
            await asyncio.gather(*running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


@asynccontextmanager
async def open_lanes(open_lane: OpenLane) -> AsyncIterator[Lanes]:
    """Open the first lane; all are removed at the end."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(open_lane())
        yield Lanes(first, stack, open_lane)
