"""What a child does: play a scenario twice and report all that was seen, as plain data."""

from __future__ import annotations

import contextlib
import re
import types
from itertools import islice
from typing import TYPE_CHECKING, Any

from .outcomes import Play, UnplayableError
from .tracing import ArcTracer, ChangeWatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .probes import Hint, Recorder
    from .scenario import Scenario
    from .world import World

MAX_HINTS = 120
MAX_OPTIONS = 40
MAX_TEXT_LENGTH = 200
MAX_LOOKED_AT = 100
MAX_DEPTH = 2
PLAIN = (str, int, float, bool, type(None))


class Observer:
    """Plays scenarios in this process, which is a child's."""

    def __init__(self, world: World, recorder: Recorder) -> None:
        """Take the module and what its probes report to."""
        self.project = str(world.project)
        self._world = world
        self._recorder = recorder

    def observe(self, scenario: Scenario) -> dict[str, Any]:
        """Play with all watching, and once more without; return everything as plain data."""
        tracer = ArcTracer(self._world.path)
        recorder = self._recorder
        recorder.clear()

        @contextlib.contextmanager
        def watch() -> Iterator[None]:
            with tracer.watch():
                recorder.is_on = True
                try:
                    yield
                finally:
                    recorder.is_on = False

        before = take_fingerprint(self._world)
        play = Play(self._world, scenario, watch)
        try:
            outcome = play.run()
        except UnplayableError as exc:
            return {"outcome": {"kind": "nothing", "error": str(exc)}}
        is_polluting = take_fingerprint(self._world) != before
        arcs = [f"{start}>{end}" for start, end in tracer.arcs]
        return {
            "outcome": outcome,
            "is_stable": outcome == play_plainly(self._world, scenario),
            "is_polluting": is_polluting,
            "features": sorted(recorder.features) + sorted(arcs),
            "hints": list(_render_hints(recorder.hints, play.values)),
        }


def play_plainly(world: World, scenario: Scenario) -> dict[str, Any] | None:
    """Play without watching; return the outcome alone."""
    try:
        return Play(world, scenario, contextlib.nullcontext).run()
    except UnplayableError:
        return None


def play_watchfully(world: World, scenario: Scenario) -> tuple[dict[str, Any] | None, list[str]]:
    """Play and notice whether it asks for what changes by itself; return that too."""
    watch = ChangeWatch()
    with watch.watch():
        outcome = play_plainly(world, scenario)
    return outcome, sorted(watch.noticed)


def take_fingerprint(world: World) -> tuple[object, ...]:
    """Return something that differs if the module's own state does."""
    own = world.import_name
    classes = [one for one in list(vars(world.module).values()) if isinstance(one, type)]
    spaces = [vars(world.module), *(vars(one) for one in classes if one.__module__ == own)]
    found: list[object] = []
    for space in spaces:
        values = [value for name, value in list(space.items()) if name != "__builtins__"]
        found.append(tuple(map(id, values)))
        found += [_summarize(value) for value in values if type(value) not in _STEADY]
    return tuple(found)


_STEADY = frozenset(
    {*PLAIN, bytes, tuple, type, property, staticmethod, classmethod, re.Pattern}
    | {types.FunctionType, types.BuiltinFunctionType, types.ModuleType}
)


def _summarize(value: object, depth: int = 0) -> object:
    """Summarize what can change in place: which objects are in it, and how large those are."""
    if isinstance(value, dict):
        items = list(islice(value.values(), MAX_LOOKED_AT))
    elif isinstance(value, (list, set)):
        items = list(islice(value, MAX_LOOKED_AT))
    else:
        is_plain = isinstance(value, type) or callable(value)
        state = None if is_plain else getattr(value, "__dict__", None)
        return _summarize(state, depth) if isinstance(state, dict) and depth < MAX_DEPTH else None
    deeper = items if depth < MAX_DEPTH else []
    inner = [_summarize(item, depth + 1) for item in deeper if type(item) not in _STEADY]
    return (len(value), tuple(map(id, items)), tuple(inner))


def _render_hints(hints: Sequence[Hint], values: Sequence[object]) -> Iterator[list[Any]]:
    """Render the hints that are about plain values; a class is named, an argument numbered."""
    for hint in hints[:MAX_HINTS]:
        if hint.operation in {"isinstance", "is", "is not"}:
            place = [number for number, value in enumerate(values) if value is hint.left]
            names = list(_name_classes(hint.right))
            if place and names:
                yield [hint.site, "isinstance", place[0], names]
                continue
        left, right = _to_plain(hint.left), _to_plain(hint.right)
        if _NOTHING not in (left, right):
            yield [hint.site, hint.operation, left, right]


_NOTHING = "\0nothing"


def _name_classes(classes: object) -> Iterator[str]:
    for one in classes if isinstance(classes, tuple) else (classes,):
        if one is None:
            yield "None"
        elif isinstance(one, type):
            yield f"{one.__module__}.{one.__qualname__}"


def _to_plain(value: object) -> Any:  # noqa: ANN401 - any plain value
    if type(value) in PLAIN:
        is_long = isinstance(value, str) and len(value) > MAX_TEXT_LENGTH
        return _NOTHING if is_long else value
    if isinstance(value, re.Pattern):
        return value.pattern if isinstance(value.pattern, str) else _NOTHING
    if isinstance(value, (list, tuple, set, frozenset, dict)):
        items = [item for item in list(value)[:MAX_OPTIONS] if type(item) in PLAIN]
        return items if items or isinstance(value, dict) else _NOTHING
    return _NOTHING
