"""Foreign text as markup in which every character can be seen for what it is."""

from __future__ import annotations

import re
from itertools import groupby

from markupsafe import Markup, escape

from openhands_testgen.reporting.commands import strip_escapes

MAX_NAME_LENGTH = 300
MAX_OUTPUT_LENGTH = 8_000
MAX_OUTPUT_LINES = 200
_ODD = Markup('<span class="odd">{}</span>')
_EMPTY_LINES = re.compile("\n(?:[ \t]*\n){3,}")
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def render_name(text: object) -> Markup:
    """Render a name, a path or a sentence as one line."""
    return render_characters(" ".join(str(text)[: MAX_NAME_LENGTH * 4].split()), MAX_NAME_LENGTH)


def render_output(text: object) -> Markup:
    """Render what a program or a person said, with its lines and without terminal colours."""
    plain = strip_escapes(str(text)[: MAX_OUTPUT_LENGTH * 4])
    lines = _EMPTY_LINES.sub("\n\n\n", _BREAKS.sub("\n", plain)).strip("\n").split("\n")
    more = ["", f"… {len(lines) - MAX_OUTPUT_LINES} lines more"] * (len(lines) > MAX_OUTPUT_LINES)
    return render_characters("\n".join([*lines[:MAX_OUTPUT_LINES], *more]), MAX_OUTPUT_LENGTH)


def render_characters(text: str, max_length: int) -> Markup:
    """Render text; a character that shows nothing, or turns text around, is shown by its number.

    So source code that does not read as it runs is seen to do so. What is longer than
    ``max_length`` is cut, and says so.
    """
    shown: list[Markup] = []
    room = max_length
    is_cut = len(text) > max_length
    for odd, group in groupby(text[:max_length], _find_odd):
        run = "".join(group)
        label = _number(odd, len(run)) if odd else run
        if len(label) > room:
            shown.append(escape("" if odd else label[:room]))
            is_cut = True
            break
        shown.append(_ODD.format(label) if odd else escape(label))
        room -= len(label)
    return Markup("").join([*shown, _ODD.format("… cut here")] if is_cut else shown)


def _number(char: str, count: int) -> str:
    number = f"U+{ord(char):04X}"
    return number if count == 1 else f"{number} ({count} times)"


def _find_odd(char: str) -> str:
    """Return the character if it cannot be shown as it is, else nothing."""
    return "" if char.isprintable() or char in "\n\t" else char
