"""What a conversation tells of the terminal's commands, with results that may have gone missing."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from openhands_testgen.offline.chat import Message

TERMINAL = "terminal"
# The terminal says this last; what a command prints stands before it.
_EXIT_CODE = re.compile(r"\[Command finished with exit code (-?\d+)\]\s*\Z")
_STILL_RUNS = re.compile(
    r"\[(The command (timed out|has no new output) after |Your command .* is NOT executed\.)"
    r"[^\n]*\](\n\[[^\n]*\])*\s*\Z"
)
_NOTE = re.compile(
    r"\[(The command completed with exit code |Current working directory: |Python interpreter: "
    r"|Command finished with exit code |The command timed out after |The command has no new output)"
)
# What a terminal draws with; without tmux it stands among the output.
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")


class End(StrEnum):
    """How a command stands: it ended, it goes on, or nobody knows."""

    ENDED = "ended"
    RUNS = "runs"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Run:
    """What is known of one command: how its last run stands, and how often it was tried.

    ``waits`` counts the looks since then. ``output`` is what it printed, without the terminal's
    own notes.
    """

    end: End
    exit_code: int | None = None
    output: str = ""
    tries: int = 1
    waits: int = 0


def read_runs(messages: Sequence[Message], commands: Sequence[str]) -> dict[int, Run]:
    """Read what became of each command, by its place; one that was never tried is left out."""
    places = {command: place for place, command in enumerate(commands)}
    runs: dict[int, Run] = {}
    current: int | None = None
    for command, result in _list_calls(messages):
        run = read_result(result)
        if command in places:
            current = places[command]
            tries = runs[current].tries + 1 if current in runs else 1
            runs[current] = replace(run, tries=tries)
        elif not command and current is not None:
            runs[current] = _add_look(runs[current], run)
    return runs


def _add_look(before: Run, look: Run) -> Run:
    output = f"{before.output}\n{look.output}".strip()
    return replace(look, output=output, tries=before.tries, waits=before.waits + 1)


def _list_calls(messages: Sequence[Message]) -> Iterator[tuple[str, str]]:
    """List the terminal's commands, each with its result; a missing one is empty."""
    results = {message.tool_call_id: message.text for message in messages if message.role == "tool"}
    for message in messages:
        for call in message.tool_calls or ():
            if call.function.name == TERMINAL:
                yield _read_command(call.function.arguments), results.get(call.id, "")


def _read_command(arguments: str) -> str:
    try:
        return str(json.loads(arguments)["command"])
    except (ValueError, TypeError, KeyError):
        return "?"


def read_result(text: str) -> Run:
    """Read how a command stands from what the terminal tool says of it."""
    plain = _CONTROL.sub("", text)
    output = "\n".join(line for line in plain.splitlines() if not _NOTE.match(line)).strip()
    ended = _EXIT_CODE.search(plain)
    if ended:
        return Run(End.ENDED, int(ended[1]), output)
    if _STILL_RUNS.search(plain):
        return Run(End.RUNS, output=output)
    return Run(End.LOST, output=output)
