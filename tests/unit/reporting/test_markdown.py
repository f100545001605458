"""Foreign text in GitHub's Markdown: read back with a Markdown parser, nothing has become of it."""

from __future__ import annotations

import html
import re

import pytest
from markdown_it import MarkdownIt

from openhands_testgen.reporting.markdown import render_block, render_code, render_row, render_text
from tests.fakes.results import HOSTILE

PARSER = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table")
ALLOWED = {"inline", "text", "html_inline", "softbreak", "paragraph_open", "paragraph_close"}


def list_kinds(markdown: str) -> set[str]:
    kinds = set()
    for token in PARSER.parse(markdown):
        kinds |= {token.type} | {child.type for child in token.children or ()}
    return kinds


@pytest.mark.parametrize(
    "text",
    [
        "# heading",
        "*bold* _italic_ ~~gone~~",
        "[a](https://evil.example)",
        "![p](https://evil.example/p.png)",
        "<script>alert(1)</script>",
        "`code`",
        "&lt;b&gt;",
        "https://evil.example",
        "www.evil.example",
        "a | b",
        "\\| a",
        HOSTILE,
    ],
)
def test_text_stays_text(text: str) -> None:
    rendered = f"x {render_text(text, 2_000)}"
    assert list_kinds(rendered) <= {"inline", "text", "paragraph_open", "paragraph_close"}
    assert "\n" not in rendered
    assert "://" not in rendered
    assert "www." not in rendered
    assert "<" not in rendered


def test_text_reads_as_it_was() -> None:
    text = "a*b|c <d> & [e]"
    (paragraph,) = [token for token in PARSER.parse(render_text(text)) if token.type == "inline"]
    assert "".join(child.content for child in paragraph.children or ()) == text


def test_a_cell_holds_its_row() -> None:
    table = "\n".join([render_row(["a", "b"]), render_row(["---"] * 2)])
    html = PARSER.render(f"{table}\n{render_row([render_code(HOSTILE), 'second'])}")
    assert html.count("<td>") == 2
    assert html.count("<tr>") == 2


def test_a_block_ends_only_by_itself() -> None:
    html = PARSER.render(render_block(f"one\n\n{HOSTILE}\n\n- two"))
    assert html.count("</pre>") == 1
    assert html.strip().endswith("</pre>")
    assert "<script>" not in html


@pytest.mark.parametrize("text", ["@octocat", "#1", "octo/repo#1", "GH-1"])
def test_nobody_is_called_and_no_issue_is_named(text: str) -> None:
    seen = html.unescape(render_text(text))
    assert seen.replace("\u200b", "") == text
    assert not re.search(r"@\w|#\d|GH-\d", seen)
    assert html.unescape(render_code(text)) == f"<code>{text}</code>"
