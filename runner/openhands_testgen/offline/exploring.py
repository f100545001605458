"""Run the explorer on a workbench: what it may do is confined, what it says is parsed."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from openhands_testgen.offline.observations import Observations, parse_observations
from openhands_testgen.offline.places import find_roots, put_scripts
from openhands_testgen.sandbox.python import RunLimits
from openhands_testgen.sandbox.workbench import read_foreign

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from openhands_testgen.offline.observations import Found, Scenario
    from openhands_testgen.sandbox.python import SandboxedPython

MAX_BYTES = 200_000_000
START_SECONDS = 25.0
CONFIRM_SECONDS = 90.0
LEAST_SECONDS = 1.0
MAX_STARTS = 3
FIRST_HASH_SEED = 4711
MEMORY_MB = 1024


@dataclass(frozen=True, slots=True)
class Order:
    """What to characterize, in ``seconds``. Paths are POSIX, relative to the project."""

    project: Path
    module_path: str
    import_name: str
    output_path: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Explorer:
    """Runs our scripts in the user's interpreter."""

    python: SandboxedPython
    order: Order

    async def explore(self, examples: Sequence[str]) -> Observations:
        """Search until time is up or nothing new is found.

        A call that manages to end the whole explorer costs the search its progress, not what was
        found: it is started again with the time that is left, on another path.
        """
        out = self.python.bench.out / "found.jsonl"
        observations = Observations()
        seconds = self.order.seconds
        for start in range(MAX_STARTS):
            request = {"task": "explore", "seconds": seconds, "seed": start}
            await self._run({**request, "examples": list(examples)}, out, seconds + START_SECONDS)
            observations = parse_observations(read_foreign(out, MAX_BYTES) or b"")
            seconds /= 2
            if observations.has_ended or observations.problem or seconds < LEAST_SECONDS:
                break
        return observations

    async def confirm(
        self, found: Sequence[Found], orders: Sequence[Sequence[int]]
    ) -> Observations:
        """Play scenarios again in fresh processes, elsewhere, as somebody else.

        Each order has a process and a hash seed of its own: the order of a set of two is the same
        every other time.
        """
        request: dict[str, object] = {
            "task": "confirm",
            "scenarios": [_to_plain(one.scenario) for one in found],
            "elsewhere": str(self.python.bench.home),
        }
        outs = [self.python.bench.out / f"confirmed-{n}.jsonl" for n in range(len(orders))]
        runs = [
            self._run(
                {**request, "order": list(order), "order_number": n, "alone": n == 0},
                outs[n],
                CONFIRM_SECONDS,
                hash_seed=FIRST_HASH_SEED + n,
            )
            for n, order in enumerate(orders)
        ]
        await asyncio.gather(*runs)
        return parse_observations(b"\n".join(read_foreign(out, MAX_BYTES) or b"" for out in outs))

    async def _run(
        self,
        request: dict[str, object],
        out: Path,
        timeout_seconds: float,
        *,
        hash_seed: int = 0,
    ) -> None:
        bench, order = self.python.bench, self.order
        script = put_scripts(bench) / "explore.py"
        path = bench.ours / f"{out.stem}.json"
        own = {
            "import_name": order.import_name,
            "module": str(bench.project / order.module_path),
            "project": str(bench.project),
            "program": f"program-{request['task']}",
            "out": str(out),
        }
        path.write_text(json.dumps({**request, **own}), encoding="utf-8")
        limits = RunLimits(
            timeout_seconds=timeout_seconds,
            cpu_seconds=int(timeout_seconds) + 1,
            memory_mb=MEMORY_MB,
        )
        python = replace(self.python, limits=limits)
        await python.run(
            [str(script), str(path)],
            cwd=bench.project,
            roots=find_roots(bench, order.module_path, order.output_path),
            hash_seed=hash_seed,
        )


def _to_plain(scenario: Scenario) -> dict[str, object]:
    """Return a scenario as the explorer wrote it, with arguments as lists."""
    plain = scenario.model_dump(mode="json")
    for step in plain["steps"]:
        step["arguments"] = [list(one.values()) for one in step["arguments"]]
    return plain
