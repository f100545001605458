"""Whole tasks as a reader meets them: accepted with survivors, rejected, and hostile."""

from __future__ import annotations

from pathlib import Path

from openhands_testgen.reporting.documents import SHOWN_FILES, Material
from openhands_testgen.reporting.patch import render_patch
from openhands_testgen.reporting.trajectory import read_trajectory
from tests.fakes.archives import make_events, pack_events
from tests.fakes.hostile import TEXTS, make_hostile
from tests.fakes.results import make_mutation, make_result, make_survivor

NOW = 1_767_261_700.0
MODULE = Path(__file__).parents[2] / "examples" / "shop" / "src" / "shop" / "prices.py"
OUTPUT = "tests/test_prices.py"
PROTECTIONS = [
    "reads only the copy, the interpreter and the system's libraries",
    "writes only the copy",
    "no network",
    "2 GiB of memory, 64 processes",
]
TESTS = b'''"""Tests of shop.prices."""

import pytest

from shop import prices


@pytest.mark.parametrize(("text", "cents"), [("12.50", 1250), ("1,200.00", 120000), ("-3", -300)])
def test_parse_amount(text, cents):
    assert prices.parse_amount(text) == cents


def test_parse_amount_refuses_what_is_no_amount():
    with pytest.raises(ValueError, match="not an amount"):
        prices.parse_amount("twelve")
'''


def make_scenes() -> dict[str, Material]:
    """Make the material of one page for each scene."""
    return {"accepted": make_accepted(), "rejected": make_rejected(), "hostile": make_attacked()}


def make_accepted() -> Material:
    """Make a task whose tests were delivered, although they let some changes pass."""
    survivors = [
        make_survivor(line=58, before="subtotal >= 3_000", after="subtotal > 3_000"),
        make_survivor(line=64, before="5", after="6"),
        make_survivor(line=75, before="grams <= 2_000", after="grams < 2_000"),
        make_survivor(
            line=86, before='raise ValueError(f"no tax is known for {country}")', after=""
        ),
    ]
    cases = [_make_case(f"test_parse_amount[{text}]") for text in ("12.50", "1,200.00", "-3")]
    cases += [_make_case(f"test_{name}") for name in ("format_amount", "get_discount", "add_tax")]
    cases.append(
        _make_case(
            "test_everything_is_fine",
            "refused",
            [("no-assertion", 41, "asserts nothing about the module", "compare what it returns")],
        )
    )
    cases.append(
        _make_case(
            "test_order_of_codes",
            "flaky",
            [("flaky", 52, "passed at first, but not in rerun 3 of 5", "sort the set first")],
        )
    )
    result = make_result(
        coverage=92.4,
        coverage_before=11.3,
        coverage_gained=81.1,
        tests={"total": 8, "passed": 6, "cases": cases},
        mutation=make_mutation(score=88.6, killed=31, total=35, survivors=survivors),
        stages=[
            {"name": "rules", "passed": True, "reasons": [f"{OUTPUT}::test_everything_is_fine"]},
            {"name": "run", "passed": True, "reasons": []},
            {"name": "reruns", "passed": True, "reasons": [f"{OUTPUT}::test_order_of_codes"]},
            {"name": "coverage", "passed": True, "reasons": []},
            {"name": "mutation", "passed": True, "reasons": []},
        ],
        missing_lines=[86, 95],
        reach=_make_reach([86, 95], [[69, 71], [93, 95]]),
        dropped=[{"path": "conftest.py", "reason": "outside the one file that the task may write"}],
        protections=PROTECTIONS,
        tokens={"prompt": 48_211, "completion": 3_907},
        final_message="I wrote tests for the seven functions of shop.prices. All of them pass.",
    )
    return _make_material(result, make_talk())


def make_rejected() -> Material:
    """Make a task whose tests failed and reached too little."""
    message = (
        "    def test_get_shipping():\n>       assert prices.get_shipping(1_000, 'FR') == 399\n"
        "E       AssertionError: assert 899 == 399\n"
        f"E        +  where 899 = get_shipping(1000, 'FR')\n\n{OUTPUT}:31: AssertionError"
    )
    few = (
        "38.20% of lines and branches are covered, 80% are asked for; missing: lines 30-36, 41-46, "
        "55-65, 69-80, 93-97"
    )
    cases = [
        _make_case("test_parse_amount[12.50]"),
        {**_make_case("test_get_shipping", "failed"), "message": message},
        {**_make_case("test_split_evenly", "error"), "message": "fixture 'people' not found"},
        _make_case("test_later", "skipped", [("skipped", 60, "was skipped", "let it run")]),
    ]
    missing = [*range(30, 37), *range(41, 47), *range(55, 66), *range(69, 81), *range(93, 98)]
    result = make_result(
        conclusion="rejected",
        success=False,
        verdict="rejected",
        coverage=38.2,
        coverage_before=11.3,
        coverage_gained=26.9,
        cost_usd=None,
        files=[],
        tests={"total": 4, "passed": 1, "cases": cases},
        stages=[
            {
                "name": "run",
                "passed": True,
                "reasons": [f"{one['name']} failed" for one in cases[1:]],
            },
            {
                "name": "coverage",
                "passed": False,
                "reasons": [few],
            },
        ],
        missing_lines=missing,
        reach=_make_reach(missing, [[26, 27]]),
        protections=PROTECTIONS[:2],
        warnings=[
            "foreign code could use the network",
            "src/shop/prices.py has changed since submit",
        ],
        final_message="All 40 tests pass with 100% coverage.",
    )
    return _make_material(result, make_talk())


def make_attacked() -> Material:
    """Make a task in which every text does its worst."""
    text = "\n".join(one[:400] for one in TEXTS.values())
    result = make_hostile(text)
    result["created_at"] = "2026-01-01T10:00:00Z"
    lines = "\n".join(TEXTS.values())[:40_000].encode("utf-8", "replace")
    return Material(
        result,
        NOW,
        module=lines,
        patch=render_patch(OUTPUT, None, lines),
        trajectory=read_trajectory(pack_events(make_events(text))),
        names=frozenset(SHOWN_FILES),
    )


def make_talk() -> list[object]:
    """Make what an agent does on a good day."""
    steps = [
        ("Read src/shop/prices.py", "cat -- src/shop/prices.py", MODULE.read_text("utf-8"), 0),
        ("Write the tests", f"cat > {OUTPUT} <<'EOF'", "", 0),
        ("Run them", f"python -m pytest {OUTPUT}", "1 failed, 7 passed in 0.31s", 1),
        ("Run them again", f"python -m pytest {OUTPUT}", "8 passed in 0.29s", 0),
    ]
    events: list[object] = []
    for number, (summary, command, output, code) in enumerate(steps):
        action = {"kind": "TerminalAction", "command": command}
        observation = {"content": [{"type": "text", "text": output}], "exit_code": code}
        at = f"2026-01-01T10:00:{20 + number * 9}.503112"
        head = {"id": str(number), "timestamp": at, "tool_name": "terminal"}
        events.append({**head, "summary": summary, "action": action})
        events.append({"action_id": str(number), "observation": observation})
    return [make_events(f"Write unit tests for one module: {OUTPUT}")[1], *events]


def _make_material(result: object, events: list[object]) -> Material:
    return Material(
        result,  # type: ignore[arg-type]  # a result of make_result
        NOW,
        module=MODULE.read_bytes(),
        patch=render_patch(OUTPUT, None, TESTS),
        trajectory=read_trajectory(pack_events(events)),
        names=frozenset(SHOWN_FILES),
    )


def _make_case(
    name: str, outcome: str = "passed", problems: list[tuple[str, int, str, str]] | None = None
) -> dict[str, object]:
    listed = [
        {"rule": rule, "line": line, "reason": reason, "remedy": remedy}
        for rule, line, reason, remedy in problems or []
    ]
    line = listed[0]["line"] if listed else 0
    name = f"{OUTPUT}::{name}"
    return {"name": name, "outcome": outcome, "message": "", "line": line, "problems": listed}


def _make_reach(missing: list[int], branches: list[list[int]]) -> dict[str, object]:
    lines = MODULE.read_text("utf-8").splitlines()
    code = [
        number
        for number, line in enumerate(lines, start=1)
        if line.strip() and number not in {1, *range(14, 23)} and '"""' not in line
    ]
    return {
        "lines_covered": len(code) - len(missing),
        "lines_total": len(code),
        "branches_covered": 30,
        "branches_total": 30 + len(branches),
        "executed_lines": [number for number in code if number not in missing],
        "executed_branches": [],
        "missing_branches": branches,
    }
