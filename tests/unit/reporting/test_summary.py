"""The job summary: complete for a few tasks, bounded for any."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from openhands_testgen.reporting.summary import MAX_BYTES, render_summary
from tests.fakes.hostile import TEXTS, make_hostile
from tests.fakes.results import CASE_FAILED, make_mutation, make_rejected, make_result
from tests.markup import parse_markup

GITHUB_LIMIT = 1024 * 1024
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
NOW = 1_767_261_700.0
TAGS = {"h2", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "details", "summary"} | {
    "p",
    "ul",
    "li",
    "strong",
}
ALLOWED_ATTRIBUTES = [("details", {"open": None}), ("code", {"class": "language-mermaid"})]


def test_one_accepted_task() -> None:
    summary = render_summary([make_result()])
    assert (
        "| ✅ | <code>src/shop/prices.py</code> | accepted | 91.7% (threshold 80%) "
        "| 2 of 2 | - | 0.25 USD | 1 min 5 s |"
    ) in summary
    assert "<details><summary>" in summary
    assert "runner/launch collect v1.embedded.abc" in summary
    assert "- Files: <code>tests/test&#95;prices.py</code>" in summary
    assert "git apply tests.patch" in summary


def test_a_rejected_task_stands_open_with_all_that_is_known() -> None:
    result = make_rejected(
        mutation=make_mutation(killed=5, total=10),
        dropped=[{"path": "conftest.py", "reason": "not the output"}],
        protections=["no network"],
        warnings=["prices.py has changed"],
        cost_usd=None,
    )
    summary = render_summary([result])
    for part in (
        "<details open>",
        "coverage&#58; 40.0% is below 80%".replace("&#58; ", ": "),
        "assert 1 == 2",
        "<code>test&#95;b</code> failed",
        "3-5, 9",
        "<code>conftest.py</code>: not the output",
        "no network",
        "prices.py has changed",
        "5 of 10",
        "unknown",
    ):
        assert part in summary


def test_a_task_that_still_runs() -> None:
    result = make_result(
        status="RUNNING",
        conclusion=None,
        verdict=None,
        success=False,
        tests=None,
        coverage=None,
        duration_seconds=None,
        error="The deadline passed.",
    )
    summary = render_summary([result])
    assert "| ❔ |" in summary
    assert "- (threshold 80%)" in summary
    assert "<pre>The deadline passed.</pre>" in summary


def test_rejected_tasks_are_detailed_first() -> None:
    good = make_result(module_path="src/good.py")
    bad = make_rejected(module_path="src/bad.py")
    details = render_summary([good, bad]).partition("<details")[2]
    assert details.index("src/bad.py") < details.index("src/good.py")


def test_what_is_known_of_coverage_mutants_tokens_and_each_test_is_said() -> None:
    problem = {"rule": "no-assertion", "reason": "asserts nothing", "remedy": "assert", "line": 7}
    case = {**CASE_FAILED, "outcome": "refused", "message": "", "problems": [problem]}
    result = make_rejected(
        tests={"total": 1, "passed": 0, "cases": [case]},
        coverage_before=50.0,
        coverage_gained=25.0,
        mutation=make_mutation(),
        tokens={"prompt": 12345, "completion": 67},
    )
    summary = render_summary([result])
    for part in (
        "50.0% before, 75.0% together with these",
        "0 of 1 passed, 1 refused",
        "no-assertion: line 7: asserts nothing; assert",
        "<summary>1 change of the module that no test noticed</summary>",
        "line 4: <code>a &#60; b</code> became <code>a &#60;&#61; b</code>",
        "12,345 tokens read, 67 written",
    ):
        assert part in summary


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_text_becomes_no_structure(text: str) -> None:
    summary = render_summary([make_hostile(text)], now=NOW)
    assert not [char for char in summary if not (char.isprintable() or char == "\n")]
    assert "##[" not in summary
    assert not re.search(r"^\s*::", summary, re.MULTILINE)
    markup = parse_markup(PARSER.render(summary))
    assert markup.tags <= TAGS
    assert not markup.others
    attributes = [(tag, found) for tag, found in markup.elements if found]
    assert all(pair in ALLOWED_ATTRIBUTES for pair in attributes)
    tags = [tag for tag, _ in markup.elements]
    harmless = [tag for tag, _ in parse_markup(PARSER.render(render_harmless())).elements]
    assert tags.count("details") <= harmless.count("details")
    assert tags.count("tr") == 2


def render_harmless() -> str:
    return render_summary([make_hostile("harmless")], now=NOW)


def test_it_stays_below_the_limit_whatever_comes() -> None:
    cases = [{**CASE_FAILED, "name": "n" * 5_000, "message": "<é>" * 9_000}] * 300
    result = make_rejected(
        tests={"total": 300, "passed": 0, "cases": cases},
        error="<" * 100_000,
        warnings=["&" * 5_000] * 500,
        missing_lines=list(range(1, 200_000, 2)),
    )
    summary = render_summary([result] * 300)
    assert len(summary.encode()) <= MAX_BYTES < GITHUB_LIMIT
    assert "more tasks in detail: see the results folder." in summary


def test_a_table_too_long_is_counted() -> None:
    summary = render_summary([make_result()] * 1_000, max_bytes=20_000)
    assert len(summary.encode()) <= 20_000
    assert "more tasks: see the results folder." in summary
