"""Workflow commands are lines: foreign text must not end one or begin another."""

from __future__ import annotations

import pytest

from openhands_testgen.reporting.commands import render_command, to_plain_lines
from tests.fakes.results import HOSTILE


def test_data_keeps_to_its_line() -> None:
    assert render_command("error", "50%\r\n::notice::x") == "::error::50%25%0D%0A::notice::x"


def test_properties_escape_what_separates_them() -> None:
    rendered = render_command("error", "m", {"file": "a,b:c%", "line": "3"})
    assert rendered == "::error file=a%2Cb%3Ac%25,line=3::m"


def test_empty_properties_are_left_out() -> None:
    assert render_command("notice", "m", {"file": "", "title": "t"}) == "::notice title=t::m"


def test_a_hostile_message_is_one_line() -> None:
    rendered = render_command("error", to_plain_lines(HOSTILE, 4_096), {"title": HOSTILE})
    assert len(rendered.splitlines()) == 1
    assert rendered.startswith("::error ")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a\x1b[31mred\x1b[0m", "ared"),
        ("a\x1b]8;;http://x\x07link", "alink"),
        ("left\u202eright\u2066", "leftright"),
        ("a\x00b\x08c", "abc"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("##[error]x", "## [error]x"),
        ("a\tb", "a    b"),
        ("\n\nmiddle\n\n", "middle"),
        ("lone \ud800 surrogate", "lone  surrogate"),
    ],
)
def test_control_characters_go(text: str, plain: str) -> None:
    assert to_plain_lines(text, 100) == plain


def test_long_text_is_cut() -> None:
    assert to_plain_lines("x" * 50, 10) == "x" * 9 + "…"


def test_what_a_cut_leaves_behind_is_no_command() -> None:
    # Removing a character between the two halves must not put a command together.
    assert "##[" not in to_plain_lines("#\u202e#[error]x", 100)
