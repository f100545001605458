"""Stand-ins for what a module holds beside its functions: classes without inside, other values.

A hollow class takes any arguments, keeps the (replaced) methods that its source defines, and has
no bases, no data and nothing that a decorator or a metaclass made.
"""

from __future__ import annotations

import builtins
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

from openhands_testgen.verification.inside.stand_ins import (
    DECORATOR,
    EQUAL,
    MARK,
    SILENT,
    TESTING,
    Anything,
    State,
    make_decorator,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

FUNCTIONS, DATA = "functions", "data"
EXPORTS = "__all__"
EXTRA_EXPORT = "testgen_stand_in"
# What the import system put there, not the module.
KEPT = frozenset(
    f"__{name}__"
    for name in (
        *("annotate", "annotations", "builtins", "cached", "conditional_annotations", "doc"),
        *("file", "loader", "name", "package", "path", "spec"),
    )
)
MAKERS = SILENT | {"__new__", "__class_getitem__", "__getattr__", "__getattribute__"}


def hollow_out(module: ModuleType, state: State) -> None:
    """Replace what a module holds, all but modules and functions that are replaced already."""
    for name, value in list(vars(module).items()):
        if name == EXPORTS:
            setattr(module, EXTRA_EXPORT, Anything(state))
            setattr(module, name, [*value, EXTRA_EXPORT])
        elif name not in KEPT and not isinstance(value, ModuleType) and not is_marked(value):
            setattr(module, name, _replace(value, state))


def is_marked(value: object) -> bool:
    """Whether a function is one that answers with stand-ins, however it is wrapped."""
    inner = (getattr(value, name, None) for name in ("__func__", "fget", "func", "__wrapped__"))
    return any(getattr(one, MARK, False) is True for one in (value, *inner))


def _replace(value: object, state: State) -> object:
    if isinstance(value, type):
        return _hollow_class(value, state)
    return Anything(state)


def _hollow_class(found: type, state: State) -> type:
    inside = _fill(state)
    inside |= {"__module__": found.__module__, "__qualname__": found.__qualname__}
    for name, value in vars(found).items():
        if isinstance(value, type):
            inside[name] = _hollow_class(value, state)
        elif is_marked(value) and name not in MAKERS:
            inside[name] = value
    made: type = _make_metaclass(state)(found.__name__, (), inside)
    return made


def _fill(state: State) -> dict[str, object]:
    """Return what every hollow class has."""

    def accept(_: object, *args: object, **kwargs: object) -> None:
        del args, kwargs

    def get(_: object, name: str) -> Anything:
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything(state)

    return {
        "__init__": accept,
        "__init_subclass__": classmethod(lambda _, **__: None),
        "__getattr__": get,
        "__eq__": lambda one, other: one is other or state.mode == EQUAL,
        "__hash__": lambda _: 0,
        "__bool__": lambda _: state.mode != EQUAL,
    }


def _make_metaclass(state: State) -> type:
    class Hollow(type):
        def __getattr__(cls, name: str) -> Anything:
            if name.startswith("__"):
                raise AttributeError(name)
            return Anything(state)

        def __iter__(cls) -> Iterator[object]:
            cls._check("iter")
            return iter(())

        def __len__(cls) -> int:
            cls._check("len")
            return 0

        def __bool__(cls) -> bool:
            return state.mode != EQUAL

        def __getitem__(cls, _: object) -> type:
            cls._check("getitem")
            return cls

        def __contains__(cls, _: object) -> bool:
            cls._check("contains")
            return False

        def _check(cls, name: str) -> None:
            if state.phase == TESTING:
                raise TypeError(f"a hollow class has no {name}")

    return Hollow


class StandIns:
    """All stand-ins of this process; ``what`` is ``functions``, or ``data`` too."""

    def __init__(self, what: str) -> None:
        """Make the decorator known to the changed module."""
        self._state = State()
        self._what = what
        setattr(builtins, DECORATOR, make_decorator(self._state))

    @contextmanager
    def loading(self, module: ModuleType) -> Iterator[None]:
        """Let a module be itself while it is loaded, and no longer."""
        with self._state.importing():
            yield
        if self._what == DATA:
            hollow_out(module, self._state)

    def start_tests(self, mode: str) -> None:
        """Answer as the mode says from now on."""
        self._state.mode = mode
        self._state.phase = TESTING
