"""Import lines for the names that a test file uses."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from openhands_testgen.offline.inside.vocabulary import STANDARD
from openhands_testgen.offline.layout import INDENT, LINE_LENGTH

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    type Aliases = Mapping[str, tuple[str, str]]


def render_imports(names: Collection[str], aliases: Aliases) -> str:
    """Return import lines in three sections: the standard library, pytest, the project."""
    standard = [name for name in names if name in STANDARD and name not in aliases]
    sections = [
        _render_section({name: _source(name) for name in standard if name != "pytest"}),
        "import pytest" if "pytest" in names else "",
        _render_section({name: aliases[name] for name in names if name in aliases}),
    ]
    return "\n\n".join(section for section in sections if section)


def _source(name: str) -> tuple[str, str]:
    return STANDARD[name].module, STANDARD[name].attribute


def _render_section(sources: Aliases) -> str:
    whole = sorted(module for module, attribute in sources.values() if not attribute)
    parts: dict[str, list[str]] = defaultdict(list)
    for alias, (module, attribute) in sources.items():
        if attribute:
            parts[module].append(attribute if attribute == alias else f"{attribute} as {alias}")
    lines = [f"import {module}" for module in whole]
    lines += [render_from(module, parts[module]) for module in sorted(parts)]
    return "\n".join(lines)


def render_from(module: str, names: Iterable[str]) -> str:
    """Return ``from module import names``, on several lines if one is too short."""
    ordered = sorted(names, key=_sort_key)
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) <= LINE_LENGTH:
        return line
    body = "".join(f"{INDENT}{name},\n" for name in ordered)
    return f"from {module} import (\n{body})"


def _sort_key(name: str) -> tuple[int, str]:
    """Order constants before classes before functions, as import sorters do."""
    word = name.partition(" ")[0]
    rank = 0 if word.isupper() and len(word) > 1 else 1 if word[:1].isupper() else 2
    return rank, word
