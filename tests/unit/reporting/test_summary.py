"""The job summary: complete for a few tasks, bounded for any."""

from __future__ import annotations

from markdown_it import MarkdownIt

from openhands_testgen.reporting.summary import MAX_BYTES, render_summary
from tests.fakes.results import HOSTILE, make_rejected, make_result

GITHUB_LIMIT = 1024 * 1024
PARSER = MarkdownIt("commonmark").enable("table")


def test_one_accepted_task() -> None:
    summary = render_summary([make_result()])
    assert (
        "| ✅ | <code>src/shop/prices.py</code> | accepted | 91.7% (threshold 80%) "
        "| 2 of 2 | - | 0.25 USD | 1 min 5 s |"
    ) in summary
    assert "<details><summary>" in summary
    assert "runner/launch collect v1.embedded.abc" in summary
    assert "- <code>tests/test&#95;prices.py</code>" in summary


def test_a_rejected_task_stands_open_with_all_that_is_known() -> None:
    result = make_rejected(
        mutation={"score": 50.0, "killed": 5, "total": 10},
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


def test_hostile_text_becomes_no_structure() -> None:
    case = {"name": HOSTILE, "outcome": HOSTILE, "message": HOSTILE}
    result = make_result(
        **dict.fromkeys(("module_path", "error", "task_id", "results_dir", "verdict"), HOSTILE),
        files=[HOSTILE],
        warnings=[HOSTILE],
        protections=[HOSTILE],
        tests={"total": 1, "passed": 0, "cases": [case]},
        stages=[{"name": HOSTILE, "passed": False, "reasons": [HOSTILE]}],
        dropped=[{"path": HOSTILE, "reason": HOSTILE}],
    )
    html = PARSER.render(render_summary([result]))
    assert "<script>" not in html
    assert "<a " not in html
    assert "<img" not in html
    assert html.count("<details") == html.count("</details>") == 1
    assert html.count("<tr>") == 2


def test_it_stays_below_the_limit_whatever_comes() -> None:
    cases = [{"name": "n" * 5_000, "outcome": "failed", "message": "<é>" * 9_000}] * 300
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
