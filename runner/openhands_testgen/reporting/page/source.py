"""The module's source, line by line: what the tests reached, and which changes they let pass."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from openhands_testgen.domain.judgement import SurvivorDict
    from openhands_testgen.domain.report import ReachDict, TaskResult

MAX_LINES = 5_000
MAX_LINE_LENGTH = 1_000
MAX_CHARACTERS = 600_000
MAX_NOTES = 20
REACHED, PARTLY, MISSED, NO_CODE = "reached", "partly", "missed", ""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line; ``number`` counts from 1, ``branches`` are the ways that no test took."""

    number: int
    text: str
    state: str
    branches: tuple[str, ...] = ()
    survivors: tuple[SurvivorDict, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """The lines that are shown, and how many are not."""

    lines: tuple[SourceLine, ...] = ()
    left_out: int = 0


def list_lines(result: TaskResult, content: bytes | None) -> Source:
    """List the module's lines with all that is known of each."""
    texts = [] if content is None else split_lines(content)
    shown = texts[: count_lines_within(texts, MAX_LINES, MAX_CHARACTERS)]
    reach = result.get("reach")
    executed = set(reach["executed_lines"]) if reach else set()
    missing = set(result["missing_lines"])
    branches = _group_branches(reach)
    survivors = _group_survivors(result)
    lines = tuple(
        SourceLine(
            number,
            text,
            _choose_state(number, executed, missing, branches),
            tuple(branches.get(number, ())[:MAX_NOTES]) if number not in missing else (),
            tuple(survivors.get(number, ())[:MAX_NOTES]),
        )
        for number, text in enumerate(shown, start=1)
    )
    return Source(lines, len(texts) - len(lines))


def split_lines(content: bytes) -> list[str]:
    """Split as Python counts lines: at line feeds and carriage returns alone."""
    text = content.decode("utf-8", "replace").removeprefix("\N{BYTE ORDER MARK}")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


def count_lines_within(lines: Iterable[str], max_lines: int, max_characters: int) -> int:
    """Count the lines from the first one that fit in both limits; long ones will be cut."""
    count = 0
    for line in lines:
        max_characters -= min(len(line), MAX_LINE_LENGTH)
        if count == max_lines or max_characters < 0:
            break
        count += 1
    return count


def _choose_state(
    number: int, executed: set[int], missing: set[int], branches: Mapping[int, list[str]]
) -> str:
    if number in missing:
        return MISSED
    if number not in executed:
        return NO_CODE
    return PARTLY if number in branches else REACHED


def _group_branches(reach: ReachDict | None) -> dict[int, list[str]]:
    grouped: defaultdict[int, list[str]] = defaultdict(list)
    for start, end in reach["missing_branches"] if reach else ():
        grouped[start].append(f"never goes on at line {end}" if end > 0 else "never ends here")
    return dict(grouped)


def _group_survivors(result: TaskResult) -> dict[int, list[SurvivorDict]]:
    grouped: defaultdict[int, list[SurvivorDict]] = defaultdict(list)
    mutation = result["mutation"]
    for survivor in mutation["survivors"] if mutation else ():
        grouped[survivor["line"]].append(survivor)
    return dict(grouped)
