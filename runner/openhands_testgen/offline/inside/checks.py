"""What can be asserted about a value: checks that hold now and are source."""

from __future__ import annotations

import math
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from .sources import UNSTABLE, UnrenderableError, is_long_float, render_verified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .world import World

EQUALS, IS, APPROX, HOLDS = "==", "is", "approx", "holds"
MAX_CHECKS = 8
MAX_ELEMENTS = 5
MAX_ITEMS = 40
FEW_ITEMS = 5
LONG = 40
BUILT_IN = (str, bytes, bytearray, list, tuple, dict, set, frozenset, range)


class Check(NamedTuple):
    """One assertion: an expression, the relation that holds, and what it is held against."""

    subject: str
    relation: str
    expected: str = ""


def describe(value: object, subject: str, world: World, depth: int = 0) -> list[Check]:
    """Return what can be asserted about a value that is called ``subject`` in source."""
    if value is None or value is True or value is False:
        return [Check(subject, IS, str(value))]
    if isinstance(value, float) and math.isnan(value):
        return [Check(f"math.isnan({subject})", HOLDS)]
    name = world.find_name(value)
    if name is not None:
        return [Check(subject, IS, name)]
    try:
        return [_compare(value, subject, world)]
    except UnrenderableError:
        pass
    if isinstance(value, (str, bytes, list, tuple)) and len(value) > LONG:
        return list(_describe_ends(value, subject, world))
    if isinstance(value, (tuple, list)) and 0 < len(value) <= MAX_ELEMENTS and depth < 2:  # noqa: PLR2004
        return list(_describe_elements(value, subject, world, depth))
    return list(_describe_object(value, subject, world))[:MAX_CHECKS]


def describe_items(
    items: list[object], subject: str, world: World, *, is_whole: bool
) -> list[Check]:
    """Return what can be asserted about the first items of an iterator."""
    if is_whole:
        return describe(items, f"list({subject})", world)
    return describe(items[:FEW_ITEMS], f"list(itertools.islice({subject}, {FEW_ITEMS}))", world)


def describe_state(value: object, subject: str, world: World) -> dict[str, Check]:
    """Return what can be seen of an object without calling what it does."""
    checks = [
        *_describe_attributes(value, list(_list_data(value)), subject, world),
        *_describe_views(value, subject, world),
    ]
    return {check.subject: check for check in checks}


def _compare(value: object, subject: str, world: World) -> Check:
    text = render_verified(value, world)
    floats = _list_floats(value)
    if any(is_long_float(one) for one in floats):
        return Check(subject, APPROX, text)
    return Check(subject, EQUALS, text)


def _list_floats(value: object) -> list[object]:
    """Return the numbers that ``pytest.approx`` would compare; it takes flat containers only."""
    items = list(value.values()) if type(value) is dict else value
    items = items if type(items) in {list, tuple} else [items]
    has_only_numbers = all(type(item) in {int, float} for item in items)  # type: ignore[attr-defined]
    return list(items) if has_only_numbers else []  # type: ignore[call-overload]


def _describe_ends(value: Any, subject: str, world: World) -> Iterator[Check]:  # noqa: ANN401
    """Describe what is too long to be written down: its length, its start and its end."""
    yield Check(f"len({subject})", EQUALS, str(len(value)))
    for part, text in (
        (value[:FEW_ITEMS], f":{FEW_ITEMS}"),
        (value[-FEW_ITEMS:], f"-{FEW_ITEMS}:"),
    ):
        check = describe_plain(part, f"{subject}[{text}]", world)
        if check is not None:
            yield check


def _describe_elements(value: Any, subject: str, world: World, depth: int) -> Iterator[Check]:  # noqa: ANN401
    yield Check(f"len({subject})", EQUALS, str(len(value)))
    for number, item in enumerate(value):
        yield from describe(item, f"{subject}[{number}]", world, depth + 1)


def _describe_object(value: object, subject: str, world: World) -> Iterator[Check]:
    if isinstance(value, re.Match):
        yield from describe(value.group(), f"{subject}.group()", world)
        yield from describe(value.groups(), f"{subject}.groups()", world)
        yield from describe(value.span(), f"{subject}.span()", world)
        return
    found = [
        *_describe_text(value, subject, world),
        *_describe_views(value, subject, world),
        *_describe_attributes(
            value, [*_list_data(value), *_list_properties(value, world)], subject, world
        ),
    ]
    name = world.find_name(type(value))
    if found and name is not None and type(value) not in BUILT_IN:
        yield Check(f"isinstance({subject}, {name})", HOLDS)
    yield from found


def _describe_text(value: object, subject: str, world: World) -> Iterator[Check]:
    kind = type(value)
    if kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__:
        return
    if callable(value) or isinstance(value, type) or kind in BUILT_IN:
        return
    try:
        text = str(value)
        if not UNSTABLE.search(text):
            yield Check(f"str({subject})", EQUALS, render_verified(text, world))
    except Exception:  # noqa: BLE001 - foreign code
        return


def _describe_views(value: object, subject: str, world: World) -> Iterator[Check]:
    """Describe a container as what it contains."""
    kind = type(value)
    if not hasattr(kind, "__iter__") or hasattr(kind, "__next__") or isinstance(value, type):
        return
    is_mapping = hasattr(kind, "keys") and hasattr(kind, "__getitem__")
    try:
        items: Any = dict(value) if is_mapping else list(islice(value, MAX_ITEMS + 1))  # type: ignore[call-overload]
        if len(items) <= MAX_ITEMS:
            yield _compare(items, f"{'dict' if is_mapping else 'list'}({subject})", world)
    except Exception:  # noqa: BLE001 - foreign code
        return


def _describe_attributes(
    value: object, names: list[str], subject: str, world: World
) -> Iterator[Check]:
    for name in dict.fromkeys(names):
        try:
            found = getattr(value, name)
            plain = found is None or isinstance(found, bool)
            if plain or world.find_name(found) is not None or not callable(found):
                check = describe_plain(found, f"{subject}.{name}", world)
                if check is not None:
                    yield check
        except Exception:  # noqa: BLE001, S112 - foreign code
            continue


def describe_plain(value: object, subject: str, world: World) -> Check | None:
    """Return the one check that says all about a value, if there is one."""
    if value is None or value is True or value is False:
        return Check(subject, IS, str(value))
    name = world.find_name(value)
    if name is not None:
        return Check(subject, IS, name)
    try:
        return _compare(value, subject, world)
    except UnrenderableError:
        return None


def _list_data(value: object) -> Iterator[str]:
    """List the public attributes that are stored in an object."""
    names = list(getattr(value, "__dict__", ()))
    for kind in type(value).__mro__:
        slots = vars(kind).get("__slots__", ())
        names += [slots] if isinstance(slots, str) else list(slots)
    if isinstance(value, BaseException):
        names.append("args")
    yield from (name for name in names if isinstance(name, str) and not name.startswith("_"))


def _list_properties(value: object, world: World) -> Iterator[str]:
    """List the public properties that the project defines."""
    for kind in type(value).__mro__:
        for name, member in vars(kind).items():
            function = getattr(member, "fget", None) or getattr(member, "func", None)
            code = getattr(function, "__code__", None)
            if code and not name.startswith("_") and world.is_own_file(code.co_filename):
                yield name
