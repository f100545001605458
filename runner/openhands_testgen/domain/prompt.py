"""The prompt: how a senior tester would brief a colleague, for models of every strength."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.domain.module import Member
    from openhands_testgen.domain.task import Assignment

MAX_LISTED = 60
MAX_NEIGHBOURS = 8


@dataclass(frozen=True, slots=True)
class Briefing:
    """What the agent is told about the module and its project. All paths are relative, POSIX."""

    assignment: Assignment
    import_name: str
    members: Sequence[Member]
    untested: Sequence[Member]
    existing_tests: Sequence[str]
    configuration_files: Sequence[str]
    output_exists: bool
    uses_unittest: bool


def is_test_file(path: str) -> bool:
    """Whether pytest would collect a file of this name."""
    name = PurePosixPath(path).name
    return name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))


def render_prompt(briefing: Briefing) -> str:
    """Render the whole prompt. The two lines of paths are read by programs as well as by models."""
    parts = (
        _render_task(briefing),
        _render_members(briefing),
        _render_conventions(briefing),
        _VERDICT.format(threshold=f"{briefing.assignment.coverage_threshold:g}"),
        _BOUNDS.format(output=briefing.assignment.output_path),
        _render_instructions(briefing.assignment),
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _render_task(briefing: Briefing) -> str:
    assignment = briefing.assignment
    state = (
        "It exists already: keep every test in it as it is, and add what is missing."
        if briefing.output_exists
        else "It does not exist yet."
    )
    return (
        "# Write unit tests for one module\n\n"
        f"Module under test: `{assignment.module_path}`\n"
        f"Import it as: `{briefing.import_name}`\n"
        f"Test file to write: `{assignment.output_path}`\n\n"
        f"{state} You are in the project's folder; all paths are relative to it. Read the module "
        "first, and what it uses from the project. Test what the code is meant to do: its "
        "results, its edge cases, its errors. If the code looks wrong to you, do not change it and "
        "do not write a test that blesses the bug: leave that behaviour out and name it in your "
        "last message."
    )


def _render_members(briefing: Briefing) -> str:
    untested = {member.name for member in briefing.untested}
    lines = [
        f"- line {member.line}: `{member.name}`: `{member.signature}`"
        + ("  (no test mentions it)" if member.name in untested else "")
        for member in briefing.members[:MAX_LISTED]
    ]
    left = len(briefing.members) - MAX_LISTED
    if left > 0:
        lines.append(f"- and {left} more")
    return "## What is in it\n\n" + "\n".join(lines)


def _render_conventions(briefing: Briefing) -> str:
    output = briefing.assignment.output_path
    lines = [f"- Run your tests with `python -m pytest {output}`, or `pytest {output}`."]
    if briefing.configuration_files:
        shown = ", ".join(f"`{path}`" for path in briefing.configuration_files)
        lines.append(f"- pytest's configuration and shared fixtures: {shown}.")
    if briefing.existing_tests:
        shown = ", ".join(f"`{path}`" for path in briefing.existing_tests[:MAX_NEIGHBOURS])
        lines.append(f"- Read some of the existing tests and write yours alike: {shown}.")
    if briefing.uses_unittest:
        lines.append("- The project's tests are `unittest.TestCase` classes; so are yours.")
    else:
        lines.append("- Plain pytest: functions, bare `assert`, `pytest.raises`, `parametrize`.")
    lines.append("- Install nothing; use what is there.")
    return "## How tests are written and run here\n\n" + "\n".join(lines)


def _render_instructions(assignment: Assignment) -> str:
    if not assignment.instructions.strip():
        return ""
    return f"## From the people who asked for it\n\n{assignment.instructions.strip()}"


_VERDICT = """## What your tests are judged by

A program judges them, not your word, on a fresh copy of the project:
- The file parses, every test in it runs and passes, alone and in any order, again and again.
- Together they reach at least {threshold}% of the module's lines and branches.
- Each test fails when the code it tests is broken: exact expected values, not `is not None`, not \
the type alone, not a copy of the implementation, no `assert` that can never be reached.
- No skip, no xfail, no swallowed exception, no patching of the module under test, no sleeping, no \
network, no clock, no random value without a seed."""

_BOUNDS = """## Out of bounds

Write `{output}` and nothing else: no other file, no `conftest.py`, no change to the module, to \
existing tests or to configuration, no `# pragma: no cover`, no commit. Whatever else you change \
is dropped. When all your tests pass, finish and say in a few sentences what they cover and what \
you left out."""
