"""Confirm what was found: the same calls in a fresh process, alone and after one another."""

from __future__ import annotations

import importlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .children import Children
from .observing import play_plainly, play_watchfully
from .scenario import parse_scenario
from .world import World

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .scenario import Scenario
    from .session import Sink

CALL_SECONDS = 6.0
SIDE_BY_SIDE = 2
MAX_STOPS = 20
# What results must not depend on: another user on another machine.
SURROUNDINGS = {
    "TZ": "Pacific/Chatham",
    "USER": "somebody",
    "LOGNAME": "somebody",
    "LANG": "C",
    "LC_ALL": "C",
    "COLUMNS": "57",
}


class Confirmer:
    """Plays scenarios without any probes."""

    def __init__(self, world: World, scenarios: list[Scenario]) -> None:
        """Take the scenarios; they go by their number."""
        self._world = world
        self._scenarios = scenarios

    def play_alone(self) -> Iterable[dict[str, Any]]:
        """Play each in a process of its own, twice."""
        children = Children(self._play_twice, CALL_SECONDS, str(self._world.project))
        waiting = list(range(len(self._scenarios)))
        while waiting or children:
            while waiting and children.running < SIDE_BY_SIDE:
                children.start([waiting.pop(0)])
            answer = children.wait()
            if answer is not None and answer.data is not None:
                yield {"number": answer.job, **answer.data}

    def play_together(self, order: list[int]) -> Iterable[dict[str, Any]]:
        """Play all in one process; whatever ends it is left out, and the rest goes on."""
        children = Children(self._play_once, CALL_SECONDS, str(self._world.project))
        for _ in range(MAX_STOPS):
            if not order:
                return
            children.start(order)
            while children:
                answer = children.wait()
                if answer is not None:
                    yield {"number": answer.job, "outcome": answer.data}
            order = list(children.left)
            children.left.clear()

    def _play_twice(self, number: int) -> tuple[dict[str, Any], bool]:
        scenario = self._scenarios[number]
        outcome, noticed = play_watchfully(self._world, scenario)
        is_stable = outcome is not None and outcome == play_plainly(self._world, scenario)
        return {"outcome": outcome, "noticed": noticed, "is_stable": is_stable}, False

    def _play_once(self, number: int) -> tuple[dict[str, Any] | None, bool]:
        return play_plainly(self._world, self._scenarios[number]), True


def confirm(request: dict[str, Any], sink: Sink) -> None:
    """Confirm the scenarios of a request, as somebody else, elsewhere."""
    os.environ.update(SURROUNDINGS)
    time.tzset()
    os.chdir(request["elsewhere"])
    module = importlib.import_module(request["import_name"])
    world = World(module, Path(request["project"]))
    scenarios = [parse_scenario(one) for one in request["scenarios"]]
    confirmer = Confirmer(world, scenarios)
    for content in confirmer.play_alone() if request["alone"] else ():
        sink.write("alone", content)
    for content in confirmer.play_together(request["order"]):
        sink.write("together", {**content, "order": request["order_number"]})
