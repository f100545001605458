"""All that is known of one task, folded, in GitHub's Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhands_testgen.reporting import figures
from openhands_testgen.reporting.annotations import list_ranges
from openhands_testgen.reporting.lists import MAX_LIST_BYTES, join_within, render_list
from openhands_testgen.reporting.markdown import (
    render_block,
    render_code,
    render_folded,
    render_text,
)
from openhands_testgen.reporting.reproduction import list_recipes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from openhands_testgen.domain.judgement import (
        CaseDict,
        CasesDict,
        MutationDict,
        ProblemDict,
        SurvivorDict,
    )
    from openhands_testgen.domain.report import DroppedDict, TaskResult

MAX_CASES_BYTES = 30_000
MAX_MESSAGE_LENGTH = 1_500
MAX_PROBLEMS = 20


def render_details(result: TaskResult) -> str:
    """Render one task; it stands open unless its tests were delivered."""
    content = "\n\n".join(section for section in _list_sections(result) if section)
    decision = result["verdict"] or result["conclusion"] or result["status"]
    title = f"{render_code(result['module_path'])}: {render_text(decision)}"
    return render_folded(title, content, is_open=not result["success"])


def _list_sections(result: TaskResult) -> Iterator[str]:
    yield render_block(result["error"]) if result["error"] else ""
    yield _render_facts(result)
    yield _render_titled("Reasons", _list_reasons(result), str)
    yield _render_titled("Warnings", result["warnings"], render_text)
    yield _render_cases(result["tests"])
    yield _render_survivors(result["mutation"])
    yield _render_gaps(result)
    yield _render_titled("Not taken", result["dropped"], _render_dropped)
    yield _render_protections(result["protections"])
    yield _render_places(result)


def _render_facts(result: TaskResult) -> str:
    gain = figures.render_gain(result)
    spent = [
        figures.render_duration(result["duration_seconds"]),
        figures.count(result["steps"], "step"),
        f"cost {figures.render_cost(result['cost_usd'])}",
    ]
    if result.get("model"):
        spent.insert(0, render_code(result["model"]))
    if result.get("tokens"):
        spent.append(figures.render_tokens(result.get("tokens")))
    delivered = ", ".join(render_code(path) for path in result["files"]) or "none were delivered"
    facts = {
        "Files": delivered,
        "Coverage": f"{figures.render_coverage(result)}{f'; {gain}' if gain else ''}",
        "Tests": render_text(figures.render_outcomes(result["tests"])),
        "Mutants killed": render_text(figures.render_mutation(result["mutation"])),
        "Agent": ", ".join(spent),
    }
    return "\n".join(f"- {name}: {fact}" for name, fact in facts.items())


def _render_titled[Item](title: str, items: Sequence[Item], render: Callable[[Item], str]) -> str:
    """Render a list under a title; nothing without items."""
    return f"**{title}**\n\n{render_list(map(render, items), len(items))}" if items else ""


def _list_reasons(result: TaskResult) -> list[str]:
    return [
        f"{render_text(stage['name'])}: {render_text(reason)}"
        for stage in result["stages"]
        if not stage["passed"]
        for reason in stage["reasons"] or ["no reason was given"]
    ]


def _render_cases(tests: CasesDict | None) -> str:
    """Render the tests that are not sound with what is wrong, then the names of the others."""
    unsound, sound = figures.list_unsound(tests), figures.list_sound(tests)
    parts = map(_render_unsound, unsound)
    shown = join_within(parts, len(unsound), "\n\n", MAX_CASES_BYTES, "tests that are not sound")
    names = "\n".join(case["name"] for case in sound)
    title = f"{figures.count(len(sound), 'test')} passed"
    passed = render_folded(title, render_block(names)) if sound else ""
    return f"{shown}\n\n{passed}".strip()


def _render_unsound(case: CaseDict) -> str:
    problems = case["problems"][:MAX_PROBLEMS]
    reasons = [f"- {_render_problem(problem)}" for problem in problems]
    message = render_block(case["message"], MAX_MESSAGE_LENGTH) if case["message"] else ""
    head = f"{render_code(case['name'])} {render_text(case['outcome'])}"
    return "\n\n".join(filter(None, [head, "\n".join(reasons), message]))


def _render_problem(problem: ProblemDict) -> str:
    place = f"line {problem['line']}: " if problem["line"] else ""
    reason, remedy = render_text(problem["reason"]), render_text(problem["remedy"])
    return f"{render_text(problem['rule'])}: {place}{reason}; {remedy}"


def _render_survivors(mutation: MutationDict | None) -> str:
    survivors = mutation["survivors"] if mutation else []
    if not survivors:
        return ""
    listed = render_list(map(_render_survivor, survivors), len(survivors))
    title = f"{figures.count(len(survivors), 'change')} of the module that no test noticed"
    return render_folded(title, listed)


def _render_survivor(survivor: SurvivorDict) -> str:
    before = render_code(survivor["before"])
    after = render_code(survivor["after"]) if survivor["after"] else "nothing"
    return f"line {survivor['line']}: {before} became {after}"


def _render_gaps(result: TaskResult) -> str:
    ranges = list_ranges(result["missing_lines"])
    shown = ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in ranges)
    where = f"{render_code(result['module_path'])} {render_text(shown, 2_000)}"
    return f"**Lines not reached**\n\n- {where}" if ranges else ""


def _render_dropped(one: DroppedDict) -> str:
    return f"{render_code(one['path'])}: {render_text(one['reason'])}"


def _render_protections(protections: Sequence[str]) -> str:
    if not protections:
        return ""
    listed = render_list(map(render_text, protections), len(protections), MAX_LIST_BYTES)
    return render_folded("Protections in force while the tests ran", listed)


def _render_places(result: TaskResult) -> str:
    """Say where everything is, and how to see it again on a laptop."""
    folder = result["results_dir"] or ""
    place = f"Everything that came back, a page to read among it: {render_code(folder, 1_000)}"
    recipes = [
        f"{render_text(recipe.purpose)}\n\n{render_block(recipe.command, 5_000)}"
        for recipe in list_recipes(result)
    ]
    again = render_folded("How to see this again", "\n\n".join(recipes)) if recipes else ""
    return "\n\n".join(filter(None, [place if folder else "", again]))
