"""Annotations: what a reviewer sees beside the lines of a pull request."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

from openhands_testgen.reporting.commands import render_command, to_plain_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from openhands_testgen.domain.judgement import CaseDict, MutationDict, SurvivorDict
    from openhands_testgen.domain.report import TaskResult

Level = Literal["error", "warning", "notice"]

# GitHub shows ten annotations of a level for a step and drops the rest in silence.
MAX_PER_LEVEL = 10
MAX_MESSAGE_LENGTH = 4_096
MAX_TITLE_LENGTH = 200
MAX_PATH_LENGTH = 1_024
MAX_CODE_LENGTH = 120

_LEVELS: dict[str | None, Level] = {"accepted": "notice", "weak": "warning"}
_PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One remark on a file; ``line`` and ``end_line`` count from 1."""

    level: Level
    path: str
    title: str
    message: str
    line: int | None = None
    end_line: int | None = None


def list_annotations(results: Sequence[TaskResult]) -> list[Annotation]:
    """List the annotations of all tasks, the most important first.

    The verdicts of all tasks come before any detail, and the details of the tasks take turns, so
    that no task hides another where a list is cut.
    """
    return [
        *(_state_verdict(result) for result in results),
        *_take_turns([list(_explain(result)) for result in results]),
        *_take_turns([list(_point_at_survivors(result)) for result in results]),
        *_take_turns([list(_point_at_gaps(result)) for result in results]),
    ]


def cut_annotations(
    annotations: Iterable[Annotation], taken: Mapping[Level, int] | None = None
) -> list[Annotation]:
    """Keep ten of each level, less those that are ``taken``; the last one counts the rest."""
    by_level: defaultdict[Level, list[Annotation]] = defaultdict(list)
    for annotation in annotations:
        by_level[annotation.level].append(annotation)
    return [
        one
        for level, several in by_level.items()
        for one in _cut(level, several, MAX_PER_LEVEL - (taken or {}).get(level, 0))
    ]


def render_annotation_command(annotation: Annotation, path_prefix: str = "") -> str:
    """Render one annotation as a workflow command; ``path_prefix`` leads to the project."""
    path = join_path(path_prefix, annotation.path)
    title = to_plain_lines(annotation.title, MAX_TITLE_LENGTH).replace("\n", " ")
    properties = {
        "file": to_plain_lines(path, MAX_PATH_LENGTH).replace("\n", " "),
        "line": str(annotation.line or ""),
        "endLine": str(annotation.end_line or ""),
        "title": title,
    }
    message = to_plain_lines(annotation.message, MAX_MESSAGE_LENGTH) or title
    return render_command(annotation.level, message, properties)


def render_annotation_line(annotation: Annotation) -> str:
    """Render one annotation for a terminal."""
    place = f"{annotation.path}:{annotation.line}" if annotation.line else annotation.path
    text = f"{annotation.level}: {place}: {annotation.title}: {annotation.message}"
    return to_plain_lines(text, MAX_MESSAGE_LENGTH).replace("\n", "\n    ")


def list_ranges(lines: Iterable[int]) -> list[tuple[int, int]]:
    """Join neighbouring line numbers: ``[1, 2, 5]`` is ``[(1, 2), (5, 5)]``."""
    ranges: list[tuple[int, int]] = []
    for line in sorted({line for line in lines if line > 0}):
        if ranges and ranges[-1][1] == line - 1:
            ranges[-1] = (ranges[-1][0], line)
        else:
            ranges.append((line, line))
    return ranges


def _cut(level: Level, several: list[Annotation], room: int) -> list[Annotation]:
    if len(several) <= room:
        return several
    kept = several[: max(room - 1, 0)]
    left_out = len(several) - len(kept)
    return [*kept, Annotation(level, "", "Generated tests", f"{left_out} more in the job summary")]


def _state_verdict(result: TaskResult) -> Annotation:
    verdict = result["verdict"]
    decision = verdict or result["conclusion"] or result["status"]
    title = f"Generated tests for {result['module_path']}: {decision}"
    path = result["files"][0] if result["files"] else result["module_path"]
    return Annotation(_LEVELS.get(verdict, "error"), path, title, render_facts(result))


def render_facts(result: TaskResult) -> str:
    """Render what is known of a task in one line of plain words."""
    tests, coverage, mutation = result["tests"], result["coverage"], result["mutation"]
    threshold = result["coverage_threshold"]
    facts = [
        f"{tests['passed']} of {tests['total']} tests passed" if tests else "",
        f"coverage {coverage:.1f}% (threshold {threshold:g}%)" if coverage is not None else "",
        _render_mutation(mutation) if mutation else "",
        result["error"] or "",
    ]
    return "; ".join(fact for fact in facts if fact) or "there were no tests to judge"


def _render_mutation(mutation: MutationDict) -> str:
    return mutation["problem"] or f"{mutation['killed']} of {mutation['total']} mutants killed"


def _explain(result: TaskResult) -> Iterator[Annotation]:
    level: Level = "warning" if result["success"] else "error"
    for stage in result["stages"]:
        for reason in () if stage["passed"] else stage["reasons"]:
            title = f"Generated tests: {stage['name']}"
            yield Annotation(level, result["output_path"], title, reason)
    for case in result["tests"]["cases"] if result["tests"] else ():
        if case["outcome"] != _PASSED:
            yield _explain_case(result, case, level)
    for warning in result["warnings"]:
        yield Annotation("warning", result["module_path"], "Generated tests", warning)


def _explain_case(result: TaskResult, case: CaseDict, level: Level) -> Annotation:
    """Explain a test that is not sound, on the line that is to blame or where it begins.

    What is delivered has other lines than what came: there the line is but named.
    """
    blamed = [problem["line"] for problem in case["problems"] if problem["line"] > 0]
    line = next(iter([*blamed, case["line"]])) or None
    said = [f"{problem['reason']}; {problem['remedy']}" for problem in case["problems"]]
    title = f"{case['name']} {case['outcome']}"
    if result["files"]:
        came_from = f", line {line} of the file as it came" if line else ""
        said = [f"Left out of the delivered file{came_from}.", *said]
        line = None
    message = "\n".join([*said, case["message"]]).strip()
    return Annotation(level, result["output_path"], title, message, line, line)


def _point_at_survivors(result: TaskResult) -> Iterator[Annotation]:
    """Point at changes of reached lines that no test noticed, neighbours together."""
    level: Level = "warning" if result["verdict"] == "weak" else "notice"
    survivors = sorted(_list_survivors(result), key=lambda one: one["line"])
    reached = [one for one in survivors if one["line"] not in result["missing_lines"]]
    for first, last in list_ranges(one["line"] for one in reached):
        here = [one for one in reached if first <= one["line"] <= last]
        changes = "\n".join(map(_render_change, here))
        noun = "this change" if len(here) == 1 else f"these {len(here)} changes"
        message = f"No generated test notices {noun}:\n{changes}"
        yield Annotation(level, result["module_path"], "Mutants survive", message, first, last)


def _point_at_gaps(result: TaskResult) -> Iterator[Annotation]:
    """Point at the lines that no test reached, the longest range first."""
    ranges = list_ranges(result["missing_lines"])
    survivors = _list_survivors(result)
    for first, last in sorted(ranges, key=lambda pair: (pair[0] - pair[1], pair[0])):
        lines = f"Line {first} is" if first == last else f"Lines {first} to {last} are"
        count = sum(first <= one["line"] <= last for one in survivors)
        mutants = "1 mutant survives" if count == 1 else f"{count} mutants survive"
        there = f" ({mutants} there)" if count else ""
        message = f"{lines} not reached by the generated tests{there}."
        yield Annotation("notice", result["module_path"], "Not covered", message, first, last)


def _list_survivors(result: TaskResult) -> Sequence[SurvivorDict]:
    return result["mutation"]["survivors"] if result["mutation"] else []


def _render_change(survivor: SurvivorDict) -> str:
    after = f"becomes {_shorten(survivor['after'])}" if survivor["after"] else "is left out"
    return f"line {survivor['line']}: {_shorten(survivor['before'])} {after}"


def _shorten(code: str) -> str:
    line = " ".join(code[: MAX_CODE_LENGTH * 4].split())
    return line if len(line) <= MAX_CODE_LENGTH else line[: MAX_CODE_LENGTH - 1] + "…"


def _take_turns(groups: Sequence[Sequence[Annotation]]) -> list[Annotation]:
    seats = [(seat, turn) for turn, group in enumerate(groups) for seat in range(len(group))]
    return [groups[turn][seat] for seat, turn in sorted(seats)]


def join_path(prefix: str, path: str) -> str:
    """Return a project's path as the repository has it; no path stays none."""
    return str(PurePosixPath(prefix, path)) if path else ""
