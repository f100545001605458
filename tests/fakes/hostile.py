"""Texts that a hostile repository or agent may put anywhere, and a result that is full of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.results import HOSTILE, make_mutation, make_result

if TYPE_CHECKING:
    from openhands_testgen.domain.report import TaskResult

TEXTS = {
    "commands and markup": HOSTILE,
    "html": (
        "</bdi></code></pre></title></style></table><script>alert(1)</script>"
        "<img src=x onerror=alert(1)><iframe src=//evil.example><base href=//evil.example>"
    ),
    "attributes": "\" onload='alert(1)' style=\"position:fixed\" class='accepted' id=main x=\"",
    "entities": "&lt;script&gt; &#60;b&#62; &amp;amp; <!-- --> <![CDATA[ ]]> <?php ?>",
    "markdown": (
        "\n\n# head\n\n- [x] [a](javascript:alert(1)) ![p](//evil.example/p)\n```\n~~~\n"
        "| a | b |\n|---|---|\n</details><details open>"
    ),
    "mentions": "@octocat #1 GH-1 octo/repo#1 https://evil.example www.evil.example a@evil.example",
    "mermaid": (
        '```\n```mermaid\ngantt\nsection x\nclick a href "javascript:alert(1)"\n'
        '%%{init: {"securityLevel": "loose"}}%%\nend'
    ),
    "commands": (
        "::error::pwned\n::add-mask::a\n::set-output name=a::b\n::stop-commands::x\n"
        "##[error]x\r::warning::y"
    ),
    "delimiters": "EOF\nend-0\nghadelimiter_0\nverdict<<EOF\naccepted\nEOF\nverdict=accepted",
    "terminal": (
        "\x1b[2J\x1b[31mred\x1b]0;title\x07\x1b]8;;https://evil.example\x07link\x1b]8;;\x07"
        "\x9b31m\x08\x08\x7f"
    ),
    "bidi": "\u202etxet\u202c \u2066a\u2069 \u200f\u200e\u061c \ufeff\u200b\u00ad zero",
    "controls": "a\0b\x01\x02\x0b\x0c\x1f\x85\u2028\u2029\ufffe\uffff",
    "surrogates": "\ud800\udc80 \udcff lone",
    "combining": "Z" + "\u0300\u0301\u0334" * 50,
    "templates": "{{ 7 * 7 }} {% raw %} ${{ secrets.A }} %(a)s {0} {__class__} $(id) `id`",
    "long line": "A" * 300_000,
    "many lines": "\n" * 50_000,
    "long markup": "<&\"'" * 50_000,
    "paths": "../../../etc/passwd\\..\\C:\\x",
    "empty": "",
}


def make_hostile(text: str) -> TaskResult:
    """Make a result in which every text that can be foreign is this one."""
    problem = {"rule": text, "reason": text, "remedy": text, "line": 3}
    cases = [
        {"name": text, "outcome": text, "message": text, "line": 2, "problems": [problem]},
        {"name": text, "outcome": "failed", "message": text, "line": 0, "problems": []},
        {"name": text, "outcome": "passed", "message": "", "line": 1, "problems": []},
    ]
    texts = dict.fromkeys(("path", "before", "after", "function", "operator"), text)
    words = ("task_id", "status", "conclusion", "module_path", "output_path", "created_at")
    others = ("started_at", "completed_at", "error", "verdict", "results_dir", "final_message")
    return make_result(
        **dict.fromkeys((*words, *others), text),
        files=[text],
        warnings=[text],
        protections=[text],
        tests={"total": 3, "passed": 1, "cases": cases},
        mutation=make_mutation(survivors=[{"line": 1, **texts}], problem=text),
        stages=[{"name": text, "passed": False, "reasons": [text, text]}],
        dropped=[{"path": text, "reason": text}],
        missing_lines=[1, 2, 9],
        reach={
            "lines_covered": 1,
            "lines_total": 2,
            "branches_covered": 1,
            "branches_total": 2,
            "executed_lines": [3],
            "executed_branches": [],
            "missing_branches": [[3, -1]],
        },
    )
