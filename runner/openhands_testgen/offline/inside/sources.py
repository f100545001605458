"""A value as source: the text that makes an equal value of the same type again."""

from __future__ import annotations

import dataclasses
import datetime  # noqa: ICN001 - tests call it so
import decimal
import enum
import fractions
import ipaddress
import re
import types
import uuid
from collections import Counter, OrderedDict, defaultdict, deque
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .world import World

LIKE_DICT = (defaultdict, types.MappingProxyType)
MAX_DEPTH = 7
MAX_LENGTH = 1_200
MAX_ITEMS = 60
# What differs from machine to machine and from run to run.
UNSTABLE = re.compile(r"0x[0-9a-fA-F]{6,}|/tmp/|\\\\Temp\\\\")
SURROGATES = re.compile(r"[\ud800-\udfff]")
FLAGS = {"A": re.ASCII, "I": re.IGNORECASE, "M": re.MULTILINE, "S": re.DOTALL, "X": re.VERBOSE}


class UnrenderableError(Exception):
    """No source is known that makes the value."""


def render_verified(value: object, world: World) -> str:
    """Return source that was evaluated and made the same value.

    Raises:
        UnrenderableError: there is none.

    """
    text = render_value(value, world)
    try:
        again = world.evaluate(text)
        is_same = type(again) is type(value) or isinstance(value, LIKE_DICT)
        if is_same and again == value and render_value(again, world) == text:
            return text
    except Exception as exc:
        raise UnrenderableError from exc
    raise UnrenderableError


def render_value(value: object, world: World) -> str:
    """Return source for a value, unverified.

    Raises:
        UnrenderableError: there is none, or it would be too long or depend on the machine.

    """
    try:
        text = _render(value, world, 0)
    except RecursionError as exc:
        raise UnrenderableError from exc
    if len(text) > MAX_LENGTH or UNSTABLE.search(text) or str(world.project) in text:
        raise UnrenderableError
    return text


def _render(value: Any, world: World, depth: int) -> str:  # noqa: ANN401 - any value at all
    if depth > MAX_DEPTH:
        raise UnrenderableError
    kind = type(value)
    if kind in _RENDERERS:
        return _RENDERERS[kind](value, world, depth)
    name = world.find_name(value)
    if name is not None:
        return name
    for family, render in _FAMILIES:
        if isinstance(value, family):
            return render(value, world, depth)
    return _render_object(value, world, depth)


def _render_plain(value: object, world: World, depth: int) -> str:
    del world, depth
    text = repr(value)
    is_text = not isinstance(value, str) or value.isascii() or not SURROGATES.search(value)
    if len(text) > MAX_LENGTH or not is_text:
        raise UnrenderableError
    return text


def _render_float(value: float, world: World, depth: int) -> str:
    del world, depth
    if value != value:  # noqa: PLR0124 - nan is not itself
        raise UnrenderableError
    text = repr(value)
    return f'float("{text}")' if "inf" in text else text


def _render_complex(value: complex, world: World, depth: int) -> str:
    parts = (_render_float(part, world, depth) for part in (value.real, value.imag))
    return f"complex({', '.join(parts)})"


def _join(values: Iterable[object], world: World, depth: int) -> str:
    items = list(values)
    if len(items) > MAX_ITEMS:
        raise UnrenderableError
    return ", ".join(_render(item, world, depth + 1) for item in items)


def _render_list(value: list[object], world: World, depth: int) -> str:
    return f"[{_join(value, world, depth)}]"


def _render_tuple(value: tuple[object, ...], world: World, depth: int) -> str:
    return f"({_join(value, world, depth)}{',' * (len(value) == 1)})"


def _render_set(value: set[object], world: World, depth: int) -> str:
    return f"{{{_join_sorted(value, world, depth)}}}" if value else "set()"


def _render_frozenset(value: frozenset[object], world: World, depth: int) -> str:
    return f"frozenset({{{_join_sorted(value, world, depth)}}})" if value else "frozenset()"


def _join_sorted(values: Iterable[object], world: World, depth: int) -> str:
    items = list(values)
    if len(items) > MAX_ITEMS:
        raise UnrenderableError
    try:
        ordered = sorted(items)  # type: ignore[type-var] # whatever they are
    except TypeError:
        return ", ".join(sorted(_render(item, world, depth + 1) for item in items))
    return _join(ordered, world, depth)


def _render_dict(value: dict[object, object], world: World, depth: int) -> str:
    if len(value) > MAX_ITEMS:
        raise UnrenderableError
    items = [
        f"{_render(key, world, depth + 1)}: {_render(item, world, depth + 1)}"
        for key, item in value.items()
    ]
    return f"{{{', '.join(items)}}}"


def _render_ordered(value: OrderedDict[object, object], world: World, depth: int) -> str:
    return f"OrderedDict([{_join(value.items(), world, depth)}])" if value else "OrderedDict()"


def _render_counter(value: Counter[Any], world: World, depth: int) -> str:
    return f"Counter({_render_dict(dict(value), world, depth)})" if value else "Counter()"


def _render_deque(value: deque[object], world: World, depth: int) -> str:
    limit = "" if value.maxlen is None else f", maxlen={value.maxlen}"
    return f"deque([{_join(value, world, depth)}]{limit})"


def _render_bytearray(value: bytearray, world: World, depth: int) -> str:
    return f"bytearray({_render_plain(bytes(value), world, depth)})"


def _render_decimal(value: decimal.Decimal, world: World, depth: int) -> str:
    del world, depth
    return f"Decimal({str(value)!r})"


def _render_fraction(value: fractions.Fraction, world: World, depth: int) -> str:
    del world, depth
    return f"Fraction({value.numerator}, {value.denominator})"


def _render_uuid(value: uuid.UUID, world: World, depth: int) -> str:
    del world, depth
    return f"UUID({str(value)!r})"


def _render_slice(value: slice, world: World, depth: int) -> str:
    return f"slice({_join((value.start, value.stop, value.step), world, depth)})"


def _render_date(value: datetime.date, world: World, depth: int) -> str:
    del world, depth
    zone = getattr(value, "tzinfo", None)
    if zone is not None and not isinstance(zone, datetime.timezone):
        raise UnrenderableError
    return repr(value)


def _render_pattern(value: re.Pattern[Any], world: World, depth: int) -> str:
    names = [name for name, flag in FLAGS.items() if value.flags & flag]
    own = value.flags & ~sum(FLAGS[name] for name in names)
    if own & ~re.UNICODE or (not names and own not in {re.UNICODE, 0}):
        raise UnrenderableError
    flags = " | ".join(f"re.{name}" for name in names)
    return f"re.compile({_render_plain(value.pattern, world, depth)}{', ' * bool(flags)}{flags})"


def _render_address(value: object, world: World, depth: int) -> str:
    del world, depth
    name = "ip_network" if "Network" in type(value).__name__ else "ip_address"
    name = "ip_interface" if "Interface" in type(value).__name__ else name
    return f"ipaddress.{name}({str(value)!r})"


def _render_namespace(value: types.SimpleNamespace, world: World, depth: int) -> str:
    items = [f"{name}={_render(item, world, depth + 1)}" for name, item in vars(value).items()]
    return f"SimpleNamespace({', '.join(items)})"


def _render_path(value: PurePath, world: World, depth: int) -> str:
    del world, depth
    name = type(value).__name__
    return f"{'Path' if name in {'PosixPath', 'WindowsPath'} else name}({str(value)!r})"


def _render_proxy(value: types.MappingProxyType[object, object], world: World, depth: int) -> str:
    return _render_dict(dict(value), world, depth)


def _render_enum(value: enum.Enum, world: World, depth: int) -> str:
    name = world.find_name(type(value))
    if name is None:
        raise UnrenderableError
    if value.name in type(value).__members__:
        return f"{name}.{value.name}"
    return f"{name}({_render(value.value, world, depth + 1)})"


_RENDERERS: dict[type, Callable[[Any, World, int], str]] = {
    **dict.fromkeys((bool, int, str, bytes, range), _render_plain),
    type(None): _render_plain,
    type(Ellipsis): lambda *_: "...",
    float: _render_float,
    complex: _render_complex,
    list: _render_list,
    tuple: _render_tuple,
    set: _render_set,
    frozenset: _render_frozenset,
    dict: _render_dict,
    defaultdict: _render_dict,
    OrderedDict: _render_ordered,
    Counter: _render_counter,
    deque: _render_deque,
    bytearray: _render_bytearray,
    decimal.Decimal: _render_decimal,
    fractions.Fraction: _render_fraction,
    uuid.UUID: _render_uuid,
    slice: _render_slice,
    datetime.date: _render_date,
    datetime.datetime: _render_date,
    datetime.time: _render_date,
    datetime.timedelta: _render_date,
    datetime.timezone: _render_date,
    re.Pattern: _render_pattern,
    types.SimpleNamespace: _render_namespace,
    types.MappingProxyType: _render_proxy,
    ipaddress.IPv4Address: _render_address,
    ipaddress.IPv6Address: _render_address,
    ipaddress.IPv4Network: _render_address,
    ipaddress.IPv6Network: _render_address,
}
_FAMILIES: tuple[tuple[type, Callable[[Any, World, int], str]], ...] = (
    (enum.Enum, _render_enum),
    (PurePath, _render_path),
)
# The plain values that subclasses are made from.
_BASES: tuple[type, ...] = (str, int, float, bytes, tuple, list, dict, set, frozenset)


def _render_object(value: object, world: World, depth: int) -> str:
    """Try the ways in which an object can be made again; take the first one that is equal."""
    kind = type(value)
    name = world.find_name(kind)
    if name is None or (kind.__eq__ is object.__eq__ and not isinstance(value, BaseException)):
        raise UnrenderableError
    for render in (_by_fields, _by_base, _by_repr, _by_parameters):
        try:
            text = render(value, name, world, depth)
            again = world.evaluate(text)
            if type(again) is kind and again == value:
                return text
        except Exception:  # noqa: BLE001, S112 - one way of several
            continue
    raise UnrenderableError


def _by_fields(value: Any, name: str, world: World, depth: int) -> str:  # noqa: ANN401 - any object
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value) if field.init]
    else:
        names = list(value._fields)  # a namedtuple, or it fails
    items = [f"{one}={_render(getattr(value, one), world, depth + 1)}" for one in names]
    return f"{name}({', '.join(items)})"


def _by_base(value: object, name: str, world: World, depth: int) -> str:
    for base in _BASES:
        if isinstance(value, base):
            return f"{name}({_render(base(value), world, depth + 1)})"
    raise UnrenderableError


def _by_repr(value: object, name: str, world: World, depth: int) -> str:
    del world, depth
    text = repr(value)
    short = type(value).__name__
    if not text.startswith(f"{short}("):
        raise UnrenderableError
    return name + text[len(short) :]


def _by_parameters(value: Any, name: str, world: World, depth: int) -> str:  # noqa: ANN401 - any object
    code = type(value).__init__.__code__
    names = code.co_varnames[1 : code.co_argcount]
    items = [f"{one}={_render(getattr(value, one), world, depth + 1)}" for one in names]
    return f"{name}({', '.join(items)})"


def is_long_float(value: object) -> bool:
    """Whether a float has so many digits that they can differ between machines."""
    return isinstance(value, float) and len(repr(value).lstrip("-").replace(".", "")) > 8  # noqa: PLR2004
