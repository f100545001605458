"""Names in generated tests: of functions, of the receiver's variable, of parameters."""

from __future__ import annotations

import builtins
import keyword
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

MAX_NAME_LENGTH = 70
# Fixtures that pytest itself provides, and what the tests call things themselves.
TAKEN = frozenset({"request", "capsys", "expected", "message", "monkeypatch", "tmp_path", "self"})


def to_snake_case(name: str) -> str:
    """Return a name in lower case with underscores.

    >>> to_snake_case("HTTPServerError"), to_snake_case("Stock.take"), to_snake_case("A.__len__")
    ('http_server_error', 'stock_take', 'a_len')
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[\W_]+", "_", spaced).strip("_").lower() or "it"


def name_receiver(target: str, taken: Collection[str]) -> str:
    """Return the variable's name for the object whose member the target is."""
    owner = target.rpartition(".")[0].rpartition(".")[2] or target
    return avoid(to_snake_case(owner), taken)


def name_columns(names: Iterable[str], taken: Collection[str]) -> list[str]:
    """Return the parameters' names for a parametrised test: all different, none of them taken."""
    columns: list[str] = []
    wanted = [name.strip("_") or "value" for name in names]
    repeated = {name for name in wanted if wanted.count(name) > 1}
    counts: dict[str, int] = {}
    for name in wanted:
        counts[name] = counts.get(name, 0) + 1
        numbered = f"{name}_{counts[name]}" if name in repeated else name
        columns.append(avoid(numbered, {*taken, *TAKEN, *columns}))
    return columns


def avoid(name: str, taken: Collection[str]) -> str:
    """Return the name, with underscores at the end until it is free."""
    while name in taken or keyword.iskeyword(name) or name in _BUILTIN:
        name += "_"
    return name


_BUILTIN = frozenset(vars(builtins)) - {"copyright", "credits", "license"}


def name_test(target: str, what: str, taken: Collection[str], passed: Sequence[str] = ()) -> str:
    """Return a free name for a test function, such as ``test_stock_take_returns``.

    Where that is taken, ``passed`` tells it apart: the arguments that are worth naming.
    """
    name = f"test_{to_snake_case(target)}_{what}".rstrip("_")[:MAX_NAME_LENGTH].rstrip("_")
    longer = f"{name}_with_{'_and_'.join(passed)}" if passed else name
    for one in (name, longer):
        if one not in taken and len(one) <= MAX_NAME_LENGTH:
            return one
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
