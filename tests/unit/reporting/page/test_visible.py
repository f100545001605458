"""Every character is seen for what it is, and none becomes markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from openhands_testgen.reporting.page.visible import (
    render_characters,
    render_name,
    render_output,
)
from tests.fakes.hostile import TEXTS
from tests.markup import parse_markup

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 日本", "plain ü 日本"),
        ("<b>&\"'", "&lt;b&gt;&amp;&#34;&#39;"),
        ("a\tb\nc", "a\tb\nc"),
        ("a\u202eb", 'a<span class="odd">U+202E</span>b'),
        ("a\0\0\0b", 'a<span class="odd">U+0000 (3 times)</span>b'),
        ("Z\u0300\u0301 e\u0301", "Z\u0300\u0301 e\u0301"),
        ("Z" + "\u0300\u0334" * 9 + "x", 'Z<span class="odd">U+0300 (18 times)</span>x'),
        ("\ud800", '<span class="odd">U+D800</span>'),
        ("\u200b\ufeff", '<span class="odd">U+200B</span><span class="odd">U+FEFF</span>'),
    ],
)
def test_characters(text: str, shown: str) -> None:
    assert str(render_characters(text, 100)) == shown


@pytest.mark.parametrize("text", ["x" * 11, "<" * 11, "12345\0\0\0\0\0\0\0", "1\x002\x003"])
def test_what_is_too_long_is_cut_and_says_so(text: str) -> None:
    markup = parse_markup(str(render_characters(text, 10)))
    assert markup.texts[-1] == "… cut here"
    assert len("".join(markup.texts[:-1])) <= 10


def test_a_name_is_one_line_and_an_output_has_no_colours() -> None:
    assert render_name("  a\n\n b\x1b[31m ") == 'a b<span class="odd">U+001B</span>[31m'
    assert render_output("\n\x1b[31ma\x1b[0m\r\nb\rc\u2028d\n") == "a\nb\nc\nd"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("render", [render_name, render_output])
def test_no_text_becomes_markup(render: Callable[[str], Markup], text: str) -> None:
    markup = parse_markup(str(render(text)))
    assert [(tag, found) for tag, found in markup.elements if (tag, found) != ODD] == []
    assert markup.others == []
    assert all(char.isprintable() or char in "\n\t" for char in "".join(markup.texts))


ODD = ("span", {"class": "odd"})
