"""Texts that match a regular expression."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

if sys.version_info >= (3, 11):
    import re._parser as sre_parse  # type: ignore[import-not-found] # the parser has no public name
else:
    import sre_parse

if TYPE_CHECKING:
    from random import Random

MAX_REPEATS = 3
_CATEGORIES = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_NOT_DIGIT": "ab-_ ",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": "abcxyz019",
    "CATEGORY_WORD": "abcxyzABC019_",
    "CATEGORY_NOT_WORD": " -.,",
}
_ANY = "abcdeXYZ 0129-_."


def sample_pattern(pattern: re.Pattern[Any], random: Random) -> str:
    """Return a text that the pattern probably matches; empty if it cannot be read."""
    source = pattern.pattern
    text = source if isinstance(source, str) else source.decode("latin-1")
    try:
        return _Sampler(random).render(sre_parse.parse(text, pattern.flags & ~re.DEBUG))
    except (re.error, RecursionError, OverflowError, ValueError, TypeError):
        return ""


class _Sampler:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._groups: dict[int, str] = {}

    def render(self, nodes: Any) -> str:  # noqa: ANN401 - the parser's own types
        return "".join(self._render_one(str(name), value) for name, value in nodes)

    def _render_one(self, name: str, value: Any) -> str:  # noqa: ANN401 - the parser's own types
        if name == "LITERAL":
            return chr(value)
        if name == "NOT_LITERAL":
            return self._random.choice([char for char in _ANY if ord(char) != value])
        if name == "ANY":
            return self._random.choice(_ANY)
        if name == "IN":
            return self._choose(value)
        if name == "BRANCH":
            return self.render(self._random.choice(value[1]))
        if name == "SUBPATTERN":
            self._groups[value[0]] = text = self.render(value[-1])
            return text
        if name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            return self._repeat(*value)
        if name == "GROUPREF":
            return self._groups.get(value, "")
        return self.render(value) if name == "ATOMIC_GROUP" else ""

    def _repeat(self, least: int, most: int, nodes: Any) -> str:  # noqa: ANN401
        count = self._random.randint(least, max(least, min(int(most), least + MAX_REPEATS)))
        return "".join(self.render(nodes) for _ in range(min(count, 50)))

    def _choose(self, options: Any) -> str:  # noqa: ANN401 - the parser's own types
        chars = "".join(_list_chars(str(name), value) for name, value in options)
        if options and str(options[0][0]) == "NEGATE":
            chars = "".join(char for char in _ANY if char not in chars)
        return self._random.choice(chars) if chars else ""


def _list_chars(name: str, value: Any) -> str:  # noqa: ANN401 - the parser's own types
    if name == "LITERAL":
        return chr(value)
    if name == "RANGE":
        first, last = value
        return "".join(chr(code) for code in range(first, min(last, first + 60) + 1))
    return _CATEGORIES.get(str(value), "") if name == "CATEGORY" else ""
