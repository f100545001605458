"""Many tasks in one collect in front of a service that fails now and then: the stand-in's cloud.

All tasks are submitted and collected by the product's own code; the agent is a fake one, the
verdict is left out. Run it with ``python -m benchmarks.soak``; ``TASKS`` (default 200), ``SHARE``
(default 0.05) and ``SEED`` set how many, how shaky, and the row of faults.
"""

from __future__ import annotations

import asyncio
import math
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.tables import print_table, write_json
from openhands_testgen.clients.clock import SystemClock
from openhands_testgen.collect import Collector
from openhands_testgen.domain.polling import Pace
from openhands_testgen.domain.task import Conclusion
from openhands_testgen.domain.verdict import Verdict, Verification
from openhands_testgen.wait import WaitPlan
from tests.fakes.agent_server import FakeAgentServer
from tests.fakes.cloud_scene import REPOSITORY, RUN, TEST, Scene
from tests.fakes.orders import FILES
from tests.fakes.shaky import ShakyCloud
from tests.fakes.surroundings import FakeProject, FakeVerifier, RecordingArchive

if TYPE_CHECKING:
    from openhands_testgen.domain.report import Report
    from openhands_testgen.domain.task_id import TaskId

SOUND = Verification(Verdict.ACCEPTED, (), content=TEST)
TASKS_A_REQUEST = 99
LOOKS = 60
POLL_SECONDS = 0.2
TIMEOUT_SECONDS = 600.0
GROWTH_PERCENT_LIMIT = 10.0
LOOKED_AT = ("/api/v1/app-conversations", "/api/v1/app-conversations/start-tasks")


@dataclass
class WatchedClock(SystemClock):
    """The real clock; each sleep of the wait is a poll, at which ``look`` is called."""

    cloud: ShakyCloud
    requests: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    resident_kib: list[int] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        """Count what the last poll asked, and sleep."""
        asked = sum(self.cloud.requests.count(("GET", path)) for path in LOOKED_AT)
        self.requests.append(asked)
        self.steps.append(len(self.cloud.requests) - asked)
        self.cloud.requests.clear()
        self.resident_kib.append(read_resident_kib())
        await super().sleep(seconds)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a soak."""

    tasks: int
    faults: int
    conclusions: dict[str, int]
    conversations: int
    requests_a_poll: float
    step_requests_a_poll: float
    polls: int
    growth_percent: float
    seconds: float
    wrong: list[str]

    @property
    def requests_allowed(self) -> int:
        """One request a poll for so many tasks."""
        return math.ceil(self.tasks / TASKS_A_REQUEST)


def read_resident_kib() -> int:
    """Return this process's resident memory."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


async def soak(tasks: int, share: float, seed: int) -> Outcome:
    """Submit and collect many tasks; return what came of it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        FakeAgentServer(looks=LOOKS, output=TEST, events=[RUN]) as sandbox,
        ShakyCloud(
            sandbox=sandbox, clones={REPOSITORY: dict(FILES)}, share=share, seed=seed
        ) as cloud,
    ):
        scene = Scene(cloud, sandbox, Path(folder))
        backend = scene.build()
        start = time.perf_counter()
        gate = asyncio.Semaphore(8)

        async def submit(number: int) -> TaskId:
            async with gate:
                return await scene.submit(backend, number)

        ids = await asyncio.gather(*(submit(number + 1) for number in range(tasks)))
        clock = WatchedClock(cloud)
        reports: dict[str, Report] = {}
        await make_collector(scene, clock).collect(
            ids, WaitPlan(TIMEOUT_SECONDS, Pace(POLL_SECONDS)), reports
        )
        await backend.aclose()
        return conclude(ids, reports, clock, cloud, time.perf_counter() - start)


def make_collector(scene: Scene, clock: WatchedClock) -> Collector:
    """Make the collector; the tests that it gets are sound for its verifier."""
    return Collector(
        backend=scene.backends[0],
        project=FakeProject(dict(FILES)),
        verifier=FakeVerifier(SOUND),
        archive=RecordingArchive(),
        progress=scene.progress,
        clock=clock,
        judging_slots=asyncio.Semaphore(2),
        has_secret=lambda _: False,
    )


def conclude(
    ids: list[TaskId],
    reports: dict[str, Report],
    clock: WatchedClock,
    cloud: ShakyCloud,
    seconds: float,
) -> Outcome:
    """Count what came of the tasks, and compare the memory of early and late polls."""
    found = [reports.get(one.conversation_id) for one in ids]
    words = [str(one.conclusion) if one else "missing" for one in found]
    third = len(clock.resident_kib) // 3
    early, late = clock.resident_kib[third : 2 * third], clock.resident_kib[2 * third :]
    return Outcome(
        tasks=len(ids),
        faults=cloud.failed,
        conclusions=dict(Counter(words)),
        conversations=len({str(one["conversation_id"]) for one in cloud.posted}),
        requests_a_poll=median(clock.requests),
        step_requests_a_poll=median(clock.steps),
        polls=len(clock.requests),
        growth_percent=100 * (median(late) / median(early) - 1),
        seconds=seconds,
        wrong=[str(one.error) for one in found if one and one.conclusion is not Conclusion.SUCCESS],
    )


def show(outcome: Outcome) -> bool:
    """Print the table; return whether all goals were reached."""
    _allowed, _growth = outcome.requests_allowed, f"{outcome.growth_percent:+.1f}%"
    print_table(
        ["goal", "measured", "wanted"],
        [
            ["tasks that end right", str(outcome.conclusions), f"success: {outcome.tasks}"],
            ["faults on the way", str(outcome.faults), ""],
            [
                "requests for states a poll, median",
                f"{outcome.requests_a_poll:g}",
                f"<= {outcome.requests_allowed}",
            ],
            ["requests for steps and work a poll", f"{outcome.step_requests_a_poll:g}", ""],
            ["polls", str(outcome.polls), ""],
            [
                "memory, late polls / those before",
                f"{outcome.growth_percent:+.1f}%",
                f"<= {GROWTH_PERCENT_LIMIT:g}%",
            ],
            ["seconds", f"{outcome.seconds:.0f}", ""],
        ],
    )
    for error in outcome.wrong[:5]:
        print(error)
    return (
        outcome.conclusions == {"success": outcome.tasks}
        and outcome.requests_a_poll <= outcome.requests_allowed
        and outcome.growth_percent <= GROWTH_PERCENT_LIMIT
    )


def main() -> int:
    """Soak, print, write; the exit code says whether all goals were reached."""
    given = os.environ
    outcome = asyncio.run(
        soak(
            int(given.get("TASKS", "200")),
            float(given.get("SHARE", "0.05")),
            int(given.get("SEED", "1")),
        )
    )
    is_reached = show(outcome)
    write_json("soak", outcome)
    return 0 if is_reached else 1


if __name__ == "__main__":
    sys.exit(main())
