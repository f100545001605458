"""Results of tasks as collect writes them, made for a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from openhands_testgen.domain.judgement import MutationDict, SurvivorDict
    from openhands_testgen.domain.report import TaskResult

# What a hostile repository or agent may put into any text.
HOSTILE = (
    "boom\n::error::pwned\r\n##[add-mask]x %0A::set-output name=a::b\x1b[31m red \u202e"
    "evil | cell | <script>alert(1)</script> </pre></details> [a](https://evil.example) "
    "![p](https://evil.example/p.png) `code` *bold* @someone www.evil.example $x$"
)
CASE_FAILED = {
    "name": "test_b",
    "outcome": "failed",
    "message": "assert 1 == 2",
    "line": 0,
    "problems": [],
}


def make_result(**changes: object) -> TaskResult:
    """Make the result of an accepted task; ``changes`` replace any of its entries."""
    content: dict[str, object] = {
        "task_id": "v1.embedded.abc",
        "status": "COMPLETED",
        "conclusion": "success",
        "module_path": "src/shop/prices.py",
        "output_path": "tests/test_prices.py",
        "created_at": "2026-01-01T10:00:00Z",
        "started_at": "2026-01-01T10:00:20Z",
        "completed_at": "2026-01-01T10:01:05Z",
        "error": None,
        "cost_usd": 0.25,
        "success": True,
        "verdict": "accepted",
        "coverage": 91.66,
        "coverage_threshold": 80.0,
        "coverage_before": None,
        "coverage_gained": None,
        "tests": {
            "total": 2,
            "passed": 2,
            "cases": [
                {"name": "test_a", "outcome": "passed", "message": "", "line": 0, "problems": []},
                {"name": "test_b", "outcome": "passed", "message": "", "line": 0, "problems": []},
            ],
        },
        "mutation": None,
        "files": ["tests/test_prices.py"],
        "results_dir": "/results/src-shop-prices-01234567",
        "duration_seconds": 65.0,
        "stages": [],
        "missing_lines": [],
        "dropped": [],
        "protections": [],
        "warnings": [],
        "steps": 7,
        "repairs": 0,
        "final_message": "Done.",
    }
    return cast("TaskResult", {**content, **changes})


def make_rejected(**changes: object) -> TaskResult:
    """Make the result of a task whose tests were rejected: one of them failed."""
    content: dict[str, object] = {
        "conclusion": "rejected",
        "success": False,
        "verdict": "rejected",
        "coverage": 40.0,
        "files": [],
        "tests": {
            "total": 2,
            "passed": 1,
            "cases": [
                {"name": "test_a", "outcome": "passed", "message": "", "line": 0, "problems": []},
                {
                    "name": "test_b",
                    "outcome": "failed",
                    "message": "assert 1 == 2",
                    "line": 0,
                    "problems": [],
                },
            ],
        },
        "stages": [{"name": "coverage", "passed": False, "reasons": ["40.0% is below 80%"]}],
        "missing_lines": [3, 4, 5, 9],
    }
    return make_result(**{**content, **changes})


def make_mutation(**changes: object) -> MutationDict:
    """Make the numbers of a mutation stage in which one of two mutants survived."""
    content: dict[str, object] = {
        "score": 50.0,
        "killed": 1,
        "total": 2,
        "seed": 0,
        "timed_out": 0,
        "crashed": 0,
        "left_out": 0,
        "survivors": [make_survivor()],
        "problem": "",
    }
    return cast("MutationDict", {**content, **changes})


def make_survivor(**changes: object) -> SurvivorDict:
    """Make a change that no test noticed."""
    content: dict[str, object] = {
        "path": "src/shop/prices.py",
        "line": 4,
        "function": "parse_amount",
        "operator": "comparison",
        "before": "a < b",
        "after": "a <= b",
    }
    return cast("SurvivorDict", {**content, **changes})
