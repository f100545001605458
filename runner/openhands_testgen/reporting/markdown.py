"""GitHub's Markdown from foreign text: nothing in it can become structure, a link or a picture."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from openhands_testgen.reporting.commands import to_plain_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

# Characters that Markdown, HTML or GitHub's own filters give a meaning; written as entities they
# have none, wherever they stand.
_SPECIAL = re.compile(r"[\\`*_{}\[\]()<>#+!|~&:@$\"'=^]|(?<=www)\.|(?<=WWW)\.")

_PLAIN_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#&=%+-]{1,2000}")
_CALLS = re.compile(r"&#64;|&#35;|\bGH-(?=\d)")  # @ and #, and an issue's other name


def render_text(text: str, max_length: int = 300) -> str:
    """Render foreign text as one line of plain words, for a cell, a heading or a list.

    GitHub looks for people and issues in what was rendered, where entities are characters again: a
    space without width keeps a name from being one, so nobody is called.
    """
    return _CALLS.sub(r"\g<0>&#8203;", _escape(text, max_length))


def render_code(text: str, max_length: int = 300) -> str:
    """Render foreign text as a piece of code within a line."""
    return f"<code>{_escape(text, max_length)}</code>"


def _escape(text: str, max_length: int) -> str:
    plain = " ".join(to_plain_lines(text, max_length).split())
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", plain)


def render_block(text: str, max_length: int = 4_000) -> str:
    """Render foreign text with its lines as they are.

    A ``pre`` element ends at its closing tag alone, which cannot stand in the escaped text. No
    line begins as a workflow command does, for a step may print what it published.
    """
    plain = html.escape(to_plain_lines(text, max_length)).replace("::", "&#58;:")
    return f"<pre>{plain}</pre>"


def render_link(title: str, url: str) -> str:
    """Render a link with a title of our own; empty where the address is not a plain one."""
    return f"[{title}]({url})" if _PLAIN_ADDRESS.fullmatch(url) else ""


def render_row(cells: Sequence[str]) -> str:
    """Render a row of a table from rendered cells."""
    return f"| {' | '.join(cells)} |"


def render_folded(title: str, content: str, *, is_open: bool = False) -> str:
    """Render a section that opens on a click, from a rendered title and rendered content."""
    mark = " open" if is_open else ""
    return f"<details{mark}><summary>{title}</summary>\n\n{content}\n\n</details>"
