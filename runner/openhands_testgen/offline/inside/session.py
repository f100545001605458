"""One run inside the user's interpreter: explore a module, or confirm what was found."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .building import Builder
from .dictionary import Dictionary
from .examples import find_calls, list_docstring_sources
from .importing import import_with_probes
from .observing import Observer
from .scenario import Scenario
from .search import Job, Search, State
from .targets import Finder
from .values import Place, Values
from .world import World

if TYPE_CHECKING:
    from .scenario import Step
    from .targets import Target

IMPORT_SECONDS = 20


class Sink:
    """Writes one JSON document a line, each at once: what is written survives what comes after."""

    def __init__(self, path: str) -> None:
        """Open the file."""
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, kind: str, content: object) -> None:
        """Write one line."""
        line = json.dumps({"kind": kind, "content": content}) + "\n"
        os.write(self._descriptor, line.encode())


def _check_file(found: str, wanted: str) -> None:
    if not os.path.samefile(found, wanted):  # noqa: PTH121 - both may be relative
        raise ImportError(f"that name is {found}")


def explore(request: dict[str, Any], sink: Sink) -> None:
    """Explore the module that the request names, and write what is worth keeping."""
    dice = random.Random(request["seed"])  # noqa: S311 - no secret
    signal.alarm(IMPORT_SECONDS)
    try:
        module, recorder = import_with_probes(request["import_name"])
        _check_file(str(module.__file__), request["module"])
    except BaseException as exc:  # noqa: BLE001 - foreign code
        sink.write("problem", f"{type(exc).__name__}: {exc}")
        return
    signal.alarm(0)
    world = World(module, Path(request["project"]))
    finder = Finder(world)
    targets = finder.list_targets()
    sink.write(
        "module",
        {
            "aliases": {name: list(source) for name, source in world.aliases.items()},
            "targets": [_describe(target) for target in targets],
        },
    )
    values = Values(dice)
    _pool_globals(world, finder, values)
    states = _build_states(world, targets, request, values, dice)
    search = Search(
        states, values, Observer(world, recorder), lambda found: sink.write("found", found), dice
    )
    search.run(request["seconds"])
    sink.write("end", {"calls": search.calls, "features": len(search.reached)})


def _describe(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "lines": sorted(target.lines),
        "is_public": target.is_public,
        "parameters": [one.name for one in target.parameters],
    }


def _build_states(
    world: World,
    targets: list[Target],
    request: dict[str, Any],
    values: Values,
    dice: random.Random,
) -> list[State]:
    source = Path(world.path).read_bytes()
    dictionary = Dictionary(world.module, source, dice)
    docstrings = [target.docstring for target in targets] + [world.module.__doc__ or ""]
    sources = [*request["examples"], *list_docstring_sources(docstrings)]
    calls = find_calls(sources, targets, set(world.namespace))
    states = []
    for target in targets:
        local = dictionary.find_local(target.lines, target.docstring)
        place = Place(local, dictionary.whole, dictionary.samples, dictionary.matches)
        builder = Builder(target, place, values, dice)
        states.append(State(builder, _build_seeds(target, calls.get(target.name, []))))
    return states


def _build_seeds(target: Target, calls: list[tuple[str | None, Step]]) -> list[Job]:
    return [
        Job(Scenario(target.name, (step,), receiver), {})
        for receiver, step in calls
        if receiver is not None or not target.owner
    ]


def _pool_globals(world: World, finder: Finder, values: Values) -> None:
    """Instances that the module makes itself can be receivers, as can members of its enums."""
    own = set(finder.list_classes())
    for name in world.aliases:
        value = world.namespace[name]
        kinds = [kind for kind in type(value).__mro__ if kind in own]
        values.add([f"{kind.__module__}.{kind.__qualname__}" for kind in kinds], name)
    for kind in own:
        members = getattr(kind, "__members__", {})
        place = world.find_name(kind)
        for member in members if place else ():
            values.add([f"{kind.__module__}.{kind.__qualname__}"], f"{place}.{member}")


def main(path: str) -> None:
    """Do what the request in a file says."""
    request = json.loads(Path(path).read_text(encoding="utf-8"))
    sys.argv[:] = [request["program"]]
    sink = Sink(request["out"])
    if request["task"] == "explore":
        explore(request, sink)
    else:
        from .confirming import confirm

        confirm(request, sink)
