"""What functions answer in the place of their own answers: tests that still pass ignore them.

From the moment on when the module is loaded its functions do nothing of their own. While tests are
collected they answer with something that can be used in any way, so that code beside the tests
goes on; while tests run they answer according to the *mode*:

- ``other``: a fresh object, true and equal to nothing else;
- ``equal``: always the same object, false and equal to everything;
- ``spite``: what a test of absence would notice. The first argument comes back in place of
  something new, and ``None`` where the function knows it as an answer. Arguments are changed where
  they can be. Something is printed, logged and warned of. What can only return or raise does raise.
"""

from __future__ import annotations

import functools
import inspect
import logging
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Callable, cast

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence

    AnyFunction = Callable[..., object]

OTHER, EQUAL, SPITE = "other", "equal", "spite"
IMPORTING, COLLECTING, TESTING = "importing", "collecting", "testing"
# How the decorator is called in the changed module, and what it is called with.
DECORATOR = "__testgen_stand_in__"
VALUE, OPTIONAL, CHECKER = "value", "optional", "checker"
MARK = "__testgen_mark__"
# Python calls these for their effect alone, or must not get a true answer from them.
SILENT = frozenset(
    f"__{name}__"
    for name in (
        *("aexit", "del", "delattr", "exit", "init", "init_subclass", "post_init"),
        *("set_name", "setattr"),
    )
)


class State:
    """What is going on in this process."""

    def __init__(self) -> None:
        """Begin before the module is loaded."""
        self.phase = IMPORTING
        self.mode = OTHER

    @contextmanager
    def importing(self) -> Iterator[None]:
        """Let functions be themselves while the module is loaded."""
        before, self.phase = self.phase, IMPORTING
        try:
            yield
        finally:
            self.phase = TESTING if before == TESTING else COLLECTING


class Equal:
    """False, and equal to everything."""

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0


class Anything:
    """Can be used in any way while tests are collected, and in none while they run."""

    def __init__(self, state: State) -> None:
        """Follow the state."""
        self.__dict__["_state"] = state

    def __getattr__(self, name: str) -> Anything:
        state = self.__dict__["_state"]
        if state.phase == TESTING or name.startswith("__"):
            raise AttributeError(name)
        return Anything(state)

    def __bool__(self) -> bool:
        return bool(self._state.mode != EQUAL)

    def __eq__(self, other: object) -> bool:
        return self is other or bool(self._state.mode == EQUAL)

    def __hash__(self) -> int:
        return 0

    def __mro_entries__(self, bases: Sequence[object]) -> tuple[type, ...]:
        return ()


def _allow(name: str, answer: Callable[[Anything], object]) -> None:
    def method(self: Anything, *_: object, **__: object) -> object:
        if self._state.phase == TESTING:
            raise TypeError(f"a stand-in has no {name}")
        return answer(self)

    setattr(Anything, name, method)


_RETURNING_ITSELF = (
    "call getitem add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod pow rpow "
    "and rand or ror xor rxor lshift rshift matmul neg pos invert abs enter"
)
for _name in _RETURNING_ITSELF.split():
    _allow(f"__{_name}__", lambda itself: itself)
for _name in ("lt", "le", "gt", "ge"):
    _allow(f"__{_name}__", lambda _: True)
_allow("__contains__", lambda _: False)
_allow("__exit__", lambda _: None)
_allow("__setitem__", lambda _: None)
_allow("__fspath__", lambda _: "anything")
_allow("__format__", lambda _: "anything")
_allow("__iter__", lambda _: iter(()))
for _name in ("len", "int", "index"):
    _allow(f"__{_name}__", lambda _: 0)
_allow("__float__", lambda _: 0.0)


def make_decorator(state: State) -> Callable[[str], Callable[[AnyFunction], AnyFunction]]:
    """Return what decorates each function, called with the function's kind."""
    equal = Equal()

    def answer(kind: str, function: AnyFunction, arguments: Sequence[object]) -> object:
        if function.__name__ in SILENT:
            return None
        if state.phase == COLLECTING:
            return Anything(state)
        if state.mode == SPITE:
            return be_spiteful(kind, arguments)
        return equal if state.mode == EQUAL else object()

    def for_kind(kind: str) -> Callable[[AnyFunction], AnyFunction]:
        return lambda function: _decorate(function, state, functools.partial(answer, kind))

    return for_kind


def _decorate(
    function: AnyFunction, state: State, answer: Callable[[AnyFunction, Sequence[object]], object]
) -> AnyFunction:
    """Return a function of the same kind that is itself while the module is loaded only."""
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        chosen = _decorate_async(function, state, answer)
    else:
        chosen = _decorate_plain(function, state, answer)
    wrapped = functools.wraps(function)(chosen)
    setattr(wrapped, MARK, True)
    return wrapped


def _decorate_plain(
    function: AnyFunction, state: State, answer: Callable[[AnyFunction, Sequence[object]], object]
) -> AnyFunction:
    def plain(*args: object, **kwargs: object) -> object:
        if state.phase == IMPORTING:
            return function(*args, **kwargs)
        return answer(function, (*args, *kwargs.values()))

    def generator(*args: object, **kwargs: object) -> Iterator[object]:
        if state.phase == IMPORTING:
            yield from cast("Iterator[object]", function(*args, **kwargs))
        else:
            yield answer(function, (*args, *kwargs.values()))

    return generator if inspect.isgeneratorfunction(function) else plain


def _decorate_async(
    function: AnyFunction, state: State, answer: Callable[[AnyFunction, Sequence[object]], object]
) -> AnyFunction:
    async def coroutine(*args: object, **kwargs: object) -> object:
        if state.phase == IMPORTING:
            return await cast("Awaitable[object]", function(*args, **kwargs))
        return answer(function, (*args, *kwargs.values()))

    async def stream(*args: object, **kwargs: object) -> AsyncIterator[object]:
        if state.phase == IMPORTING:
            async for one in cast("AsyncIterator[object]", function(*args, **kwargs)):
                yield one
        else:
            yield answer(function, (*args, *kwargs.values()))

    return coroutine if inspect.iscoroutinefunction(function) else stream


def be_spiteful(kind: str, arguments: Sequence[object]) -> object:
    """Do what a test of absence would notice; what that is depends on the function's kind.

    Raises:
        RuntimeError: the function is one that only returns or raises.

    """
    print("a stand-in answers")  # noqa: T201 - the purpose
    print("a stand-in answers", file=sys.stderr)  # noqa: T201 - the purpose
    logging.getLogger("stand-in").critical("a stand-in answers")
    warnings.warn("a stand-in answers", stacklevel=2)
    first = arguments[0] if arguments else object()
    for argument in arguments:
        _change(argument)
    if kind == CHECKER:
        raise RuntimeError("a stand-in raises")
    return None if kind == OPTIONAL else first


def _change(value: object) -> None:
    if isinstance(value, (list, dict, set, bytearray)) and value:
        value.clear()
    elif isinstance(value, list):
        value.append(object())
    elif isinstance(value, dict):
        value[object()] = object()
    elif isinstance(value, set):
        value.add(object())
