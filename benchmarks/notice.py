"""How soon the wait notices that a task has ended, and what a look costs: a fake agent server.

Run it with ``python -m benchmarks.notice``; ``ROUNDS`` (default 10) sets how often.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.tables import print_table, write_json
from openhands_testgen.backends.agent_server import AgentServerBackend
from openhands_testgen.clients.agent_server import AgentServerClient
from openhands_testgen.clients.clock import SystemClock
from openhands_testgen.domain.polling import Pace
from openhands_testgen.wait import Arrival, Wait, WaitPlan
from tests.fakes.agent_server import KEY, FakeAgentServer
from tests.fakes.orders import make_order, make_project, make_task_id
from tests.fakes.surroundings import RecordingProgress

POLL_SECONDS = 1.0
WORK_SECONDS = 5.3
NOTICE_SECONDS_LIMIT = 1.0
REQUESTS_LIMIT = 1


@dataclass
class PollingClock(SystemClock):
    """The real clock; each sleep ends a poll, whose requests are counted."""

    server: FakeAgentServer
    polls: list[int] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        """Count, and sleep."""
        self.polls.append(len(self.server.requests))
        self.server.requests.clear()
        await super().sleep(seconds)


@dataclass(frozen=True, slots=True)
class Round:
    """One task, waited for from its start to its end."""

    notice_seconds: float
    requests_a_poll: float


async def measure(number: int) -> Round:
    """Wait for one task; return how long after its end that was noticed."""
    with (
        tempfile.TemporaryDirectory() as folder,
        FakeAgentServer(work_seconds=WORK_SECONDS + number / 10) as server,
    ):
        order = make_order(make_project(Path(folder)), number + 1)
        backend = AgentServerBackend(AgentServerClient(server.url, KEY))
        task_id = make_task_id(order, backend.name, (await backend.submit(order)).reference)
        (started,) = (float(str(one["created"])) for one in server.conversations.values())
        server.requests.clear()
        clock, noticed = PollingClock(server), list[float]()

        async def arrive(_: Arrival) -> bool:
            noticed.append(time.monotonic())
            return False

        wait = Wait(backend, RecordingProgress(), clock, WaitPlan(60, Pace(POLL_SECONDS)))
        await wait.run([task_id], arrive)
        await backend.aclose()
        return Round(noticed[0] - started - server.work_seconds, median(clock.polls))


def main() -> int:
    """Measure, print, write; the exit code says whether the goals were reached."""
    rounds = [asyncio.run(measure(one)) for one in range(int(os.environ.get("ROUNDS", "10")))]
    latest = max(one.notice_seconds for one in rounds)
    requests = median(one.requests_a_poll for one in rounds)
    print_table(
        ["at a poll interval of 1 s", "measured", "at most"],
        [
            ["noticed after, median", f"{median(r.notice_seconds for r in rounds):.2f} s", ""],
            ["noticed after, latest", f"{latest:.2f} s", f"{NOTICE_SECONDS_LIMIT:g} s"],
            ["requests a poll, median", f"{requests:g}", str(REQUESTS_LIMIT)],
        ],
    )
    write_json("notice", rounds)
    return 0 if latest <= NOTICE_SECONDS_LIMIT and requests <= REQUESTS_LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
