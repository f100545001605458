"""Foreign text as markup in which every character can be seen for what it is."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

from markupsafe import Markup, escape

from openhands_testgen.reporting.commands import strip_escapes

MAX_NAME_LENGTH = 300
MAX_OUTPUT_LENGTH = 8_000
MAX_OUTPUT_LINES = 200
MAX_MARKS = 4  # on one letter; more of them reach into other lines
FIRST_MARK = "\u0300"
_MARK = "mark"
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
    for kind, group in groupby(text[:max_length], _classify):
        run = "".join(group)
        is_odd = kind not in {"", _MARK} or (kind == _MARK and len(run) > MAX_MARKS)
        label = _number(run) if is_odd else run
        if len(label) > room:
            shown.append(escape("" if is_odd else label[:room]))
            is_cut = True
            break
        shown.append(_ODD.format(label) if is_odd else escape(label))
        room -= len(label)
    return Markup("").join([*shown, _ODD.format("… cut here")] if is_cut else shown)


def _number(run: str) -> str:
    number = f"U+{ord(run[0]):04X}"
    return number if len(run) == 1 else f"{number} ({len(run)} times)"


def _classify(char: str) -> str:
    """Return the character if it cannot be shown as it is; marks on letters are of one kind."""
    if char < FIRST_MARK and char.isprintable():
        return ""
    if unicodedata.category(char) in {"Mn", "Me"}:
        return _MARK
    return "" if char.isprintable() or char in "\n\t" else char
