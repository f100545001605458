"""Workflow commands: the lines by which a step speaks to the GitHub runner."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_IN_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTIES = _IN_DATA | {":": "%3A", ",": "%2C"}


def render_command(name: str, message: str, properties: Mapping[str, str] | None = None) -> str:
    """Render one command as one line; nothing in the texts can end it or begin another."""
    given = {key: value for key, value in (properties or {}).items() if value}
    listed = ",".join(f"{key}={_replace(value, _IN_PROPERTIES)}" for key, value in given.items())
    return f"::{name}{' ' if listed else ''}{listed}::{_replace(message, _IN_DATA)}"


def to_plain_lines(text: str, max_length: int) -> str:
    """Return foreign text with its lines, without control, escape or bidirectional characters.

    The runner reads ``##[`` as a command wherever it stands in a line, so it is broken up.
    """
    lines = strip_escapes(text[: max_length * 4]).replace("\t", "    ").splitlines()
    plain = "\n".join(_keep_printable(line) for line in lines).strip("\n").replace("##[", "## [")
    return plain if len(plain) <= max_length else plain[: max_length - 1] + "…"


def strip_escapes(text: str) -> str:
    """Return text without a terminal's escape sequences, such as colours."""
    return _ANSI.sub("", text)


def _keep_printable(line: str) -> str:
    return "".join(char for char in line if char.isprintable())


def _replace(text: str, table: Mapping[str, str]) -> str:
    return "".join(table.get(char, char) for char in text)
