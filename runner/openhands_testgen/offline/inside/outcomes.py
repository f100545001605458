"""Play a scenario and say what comes of it."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import linecache
import sys
import warnings
from itertools import islice
from typing import TYPE_CHECKING, Any

from .checks import IS, Check, describe, describe_items, describe_state
from .parameters import Known, list_parameters
from .scenario import CONTEXT, STATEMENT
from .sources import MAX_LENGTH, UNSTABLE, UnrenderableError, render_value
from .vocabulary import RESULT, SUBJECT

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType

    from .scenario import Scenario, Step
    from .world import World

    Watch = Callable[[], AbstractContextManager[None]]

MAX_ITEMS = 40
MUTABLE = (list, dict, set, bytearray)
UNTESTABLE_ERRORS = (MemoryError, RecursionError, KeyboardInterrupt, GeneratorExit)


class UnplayableError(Exception):
    """What leads to the last step fails: there is nothing to observe."""


class Play:
    """One run of a scenario. ``watch`` is entered around all that a test would do too."""

    def __init__(self, world: World, scenario: Scenario, watch: Watch) -> None:
        """Prepare a run; nothing happens yet."""
        self._world = world
        self._scenario = scenario
        self._watch = watch
        self._names: dict[str, object] = {}
        self.values: list[object] = []

    def run(self) -> dict[str, Any]:
        """Run the scenario and return its outcome as plain data.

        Raises:
            UnplayableError: a step before the last one failed, or a value could not be made.

        """
        printed, complained = io.StringIO(), io.StringIO()
        with warnings.catch_warnings(record=True) as warned, contextlib.ExitStack() as stack:
            warnings.simplefilter("always")
            stack.enter_context(contextlib.redirect_stdout(printed))
            stack.enter_context(contextlib.redirect_stderr(complained))
            self._prepare()
            before = self._see()
            outcome = self._act(stack)
            self._add_changes(outcome, before)
        outcome["printed"] = printed.getvalue()[:MAX_LENGTH]
        outcome["complained"] = complained.getvalue()[:MAX_LENGTH]
        outcome["warned"] = sorted({_name_warning(one, self._world) for one in warned})
        return outcome

    def _prepare(self) -> None:
        scenario, world = self._scenario, self._world
        try:
            with self._watch():
                if scenario.receiver is not None:
                    self._names[SUBJECT] = world.evaluate(scenario.receiver)
                for step in scenario.steps[:-1]:
                    self._take(step)
                self.values = [world.evaluate(one.text) for one in scenario.last.arguments]
        except BaseException as exc:
            raise UnplayableError(repr(exc)) from exc
        self._names.update(zip(scenario.last.variables, self.values))

    def _take(self, step: Step) -> None:
        text = step.render(SUBJECT)
        if step.form == STATEMENT:
            self._world.execute(text, self._names)
        else:
            self._world.evaluate(text, self._names)

    def _act(self, stack: contextlib.ExitStack) -> dict[str, Any]:
        """Take the last step; describe its result, or how it failed."""
        step = self._scenario.last
        text = step.render(SUBJECT, step.variables)
        through = ""
        result: Any = None
        items: list[object] | None = None
        try:
            with self._watch():
                if step.form == STATEMENT:
                    self._world.execute(text, self._names)
                else:
                    result = self._world.evaluate(text, self._names)
                if step.form == CONTEXT:
                    result = stack.enter_context(result)
                if hasattr(type(result), "__next__"):
                    through = "list"
                    items = list(islice(result, MAX_ITEMS + 1))
        except BaseException as exc:  # noqa: BLE001 - foreign code
            return self._describe_error(exc, through)
        if step.form == STATEMENT:
            checks = []
        elif items is not None:
            is_whole = len(items) <= MAX_ITEMS
            checks = describe_items(items, RESULT, self._world, is_whole=is_whole)
        else:
            checks = self._describe_result(result)
        self._confirm(checks, result, items)
        return {
            "kind": "returns",
            "checks": checks,
            "types": _list_types(result),
            "is_iterator": items is not None,
            "signature": _list_parameters(result, self._scenario.target, self._world),
        }

    def _describe_result(self, result: object) -> list[Check]:
        if result is self._names.get(SUBJECT) and result is not None:
            return [Check(RESULT, IS, SUBJECT)]
        for variable, value in zip(self._scenario.last.variables, self.values):
            if result is value and isinstance(value, MUTABLE):
                return [Check(RESULT, IS, variable)]
        return describe(result, RESULT, self._world)

    def _confirm(self, checks: list[Check], result: object, items: list[object] | None) -> None:
        """Evaluate the checks as the test will; drop those that do not hold."""
        names = {**self._names, RESULT: result}
        for check in list(checks):
            if items is not None:
                continue
            try:
                with self._watch():
                    holds = _holds(check, self._world, names)
            except BaseException:  # noqa: BLE001 - foreign code
                holds = False
            if not holds:
                checks.remove(check)

    def _describe_error(self, exc: BaseException, through: str) -> dict[str, Any]:
        if isinstance(exc, UNTESTABLE_ERRORS):
            return {"kind": "nothing", "error": type(exc).__name__}
        return {
            "kind": "raises",
            "checks": [],
            "exception": self._world.find_name(type(exc)) or "",
            "message": _get_message(exc),
            "is_on_purpose": _is_on_purpose(exc.__traceback__, self._world),
            "is_misuse": _is_misuse(exc, self._world),
            "through": through,
            "error": type(exc).__name__,
        }

    def _see(self) -> dict[str, Check]:
        """Look at everything that the last step could change."""
        seen: dict[str, Check] = {}
        if SUBJECT in self._names:
            seen.update(describe_state(self._names[SUBJECT], SUBJECT, self._world))
        for variable, value in zip(self._scenario.last.variables, self.values):
            if isinstance(value, MUTABLE):
                with contextlib.suppress(UnrenderableError):
                    seen[variable] = Check(variable, "==", render_value(value, self._world))
        return seen

    def _add_changes(self, outcome: dict[str, Any], before: dict[str, Check]) -> None:
        """Add checks for what the last step changed."""
        if outcome["kind"] == "nothing":
            return
        after = self._see()
        changes = [check for name, check in after.items() if before.get(name) != check]
        gone = before.keys() - after.keys()
        outcome["changes"] = changes
        outcome["is_changing"] = bool(changes or gone)


def _holds(check: Check, world: World, names: dict[str, object]) -> bool:
    found = world.evaluate(check.subject, names)
    if check.relation == "holds":
        return bool(found)
    expected = world.evaluate(check.expected, names)
    return found is expected if check.relation == IS else bool(found == expected)


def _name_warning(warning: warnings.WarningMessage, world: World) -> tuple[str, str]:
    return world.find_name(warning.category) or "", str(warning.message)[:MAX_LENGTH]


def _list_types(result: object) -> list[str]:
    names = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(result).__mro__]
    if callable(result) and not isinstance(result, type):
        names.append("callable")
    return names


def _list_parameters(
    result: object, target: str, world: World
) -> list[tuple[str, str, bool]] | None:
    """Return the parameters of a function that the target made: name, form, whether required."""
    code = getattr(inspect.unwrap(result), "__code__", None) if callable(result) else None
    qualified = str(getattr(result, "__qualname__", ""))
    makers = (target.rpartition(".")[2], target)
    is_made_here = qualified.startswith(tuple(f"{maker}.<locals>" for maker in makers))
    if code is None or code.co_filename != world.path or not is_made_here:
        return None
    known = Known({}, {}, {})
    return [one[:3] for one in list_parameters(result, known, skip_first=False)]  # type: ignore[arg-type]


def _get_message(exc: BaseException) -> str:
    try:
        message = str(exc)
    except Exception:  # noqa: BLE001 - foreign code
        return ""
    return "" if UNSTABLE.search(message) else message[:MAX_LENGTH]


def _list_frames(traceback: TracebackType | None) -> list[tuple[str, int]]:
    """List file and line of a traceback, innermost last, without our own files."""
    frames = []
    own = sys.modules[__name__.rpartition(".")[0]].__path__[0]
    while traceback is not None:
        path = traceback.tb_frame.f_code.co_filename
        if not path.startswith(own):
            frames.append((path, traceback.tb_lineno))
        traceback = traceback.tb_next
    return frames


def _is_on_purpose(traceback: TracebackType | None, world: World) -> bool:
    """Whether the project itself raises here, by ``raise`` or ``assert``."""
    frames = _list_frames(traceback)
    if not frames or not world.is_own_file(frames[-1][0]):
        return False
    path, line = frames[-1]
    return any(start <= line <= end for start, end in _find_raises(path))


def _is_misuse(exc: BaseException, world: World) -> bool:
    """Whether the error says that the call was wrong rather than its values."""
    frames = [path for path, _ in _list_frames(exc.__traceback__)]
    never_entered = not any(world.is_own_file(path) for path in frames)
    return never_entered or isinstance(exc, (TypeError, AttributeError, NameError))


_RAISES: dict[str, list[tuple[int, int]]] = {}


def _find_raises(path: str) -> list[tuple[int, int]]:
    if path not in _RAISES:
        tree = ast.parse("".join(linecache.getlines(path)))
        _RAISES[path] = [
            (node.lineno, node.end_lineno or node.lineno)
            for node in ast.walk(tree)
            if isinstance(node, (ast.Raise, ast.Assert))
        ]
    return _RAISES[path]
