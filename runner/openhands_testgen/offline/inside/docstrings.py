"""What docstrings tell: types of parameters, examples, and words in quotes."""

from __future__ import annotations

import doctest
import re
from typing import TYPE_CHECKING

from .kinds import parse_words

if TYPE_CHECKING:
    from .kinds import Kind

MAX_QUOTED_LENGTH = 60
_FIELD = re.compile(r"^\s*:type\s+\*{0,2}(\w+):\s*(.+)$", re.MULTILINE)
_TYPED_FIELD = re.compile(r"^\s*:param\s+([^:]+?)\s+\*{0,2}(\w+):", re.MULTILINE)
_GOOGLE = re.compile(r"^\s+\*{0,2}(\w+)\s*\(([^)]+)\)\s*:", re.MULTILINE)
_NUMPY = re.compile(r"^\s*(\w+)\s:\s(.+)$", re.MULTILINE)
_QUOTED = re.compile(r"``([^`\n]+)``|\"([^\"\n]*)\"|(?<!\w)'([^'\n]*)'(?!\w)|`([^`\n]+)`")


def find_types(docstring: str) -> dict[str, tuple[Kind, ...]]:
    """Return the kinds of parameters that a docstring names, in any of the usual styles."""
    pairs = [(name, words) for name, words in _FIELD.findall(docstring)]
    pairs += [(name, words) for words, name in _TYPED_FIELD.findall(docstring)]
    pairs += _GOOGLE.findall(docstring) + _NUMPY.findall(docstring)
    found = ((name, parse_words(words)) for name, words in pairs)
    return {name: kinds for name, kinds in found if kinds}


def find_examples(docstring: str) -> list[str]:
    """Return the sources of a docstring's examples, in order."""
    try:
        return [one.source.strip() for one in doctest.DocTestParser().get_examples(docstring)]
    except ValueError:
        return []


def find_quoted(docstring: str) -> list[str]:
    """Return what stands in quotes of any kind."""
    found = ("".join(groups) for groups in _QUOTED.findall(docstring))
    return [text for text in dict.fromkeys(found) if len(text) <= MAX_QUOTED_LENGTH]
