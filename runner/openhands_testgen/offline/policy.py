"""What the offline model has the agent do: read the module, write the tests, check them, say so.

Pure, and without a memory: the next step follows from the conversation alone, so that it holds
after a restart of the server, with results that went missing, and where the history was condensed.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openhands_testgen.offline.chat import Reply
from openhands_testgen.offline.transcript import TERMINAL, End, Run, read_runs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openhands_testgen.offline.chat import ChatRequest, Message

FINISH = "finish"
# With a limit of its own a command is waited for; without one the terminal comes back after 30
# seconds of silence and, where tmux is installed, the next call interrupts the command.
COMMAND_SECONDS = 900
WAIT_SECONDS = 60
MAX_WAITS = 10
MAX_TRIES = 2
SHOWN_LINES = 8
SHOWN_LINE_LENGTH = 200
READ, WRITE, CHECK = range(3)

_BRIEF = {
    "module": re.compile(r"^Module under test: `(.+)`$", re.MULTILINE),
    "import_name": re.compile(r"^Import it as: `(.+)`$", re.MULTILINE),
    "output": re.compile(r"^Test file to write: `(.+)`$", re.MULTILINE),
}
_DISCLAIMER = (
    "These tests were made by a program: they pin what the code does today and specify nothing. A "
    "test that fails later says that the behaviour changed, not that it was right before."
)
_NO_ORDER = (
    "I am a program that writes tests for one Python module and can do nothing else. I found no "
    "order in this conversation that names the module and the test file, or no terminal to work in."
)


@dataclass(frozen=True, slots=True)
class Commands:
    """What the agent runs: ``python`` runs ``program``, which uses the user's ``interpreter``."""

    python: str
    program: str
    interpreter: str


@dataclass(frozen=True, slots=True)
class Brief:
    """What the prompt asks for. Paths are relative to the project's folder."""

    module: str
    import_name: str
    output: str


@dataclass(frozen=True, slots=True)
class Step:
    """A command for the terminal; ``summary`` is what people see of it."""

    command: str
    summary: str


@dataclass(frozen=True, slots=True)
class OfflinePolicy:
    """Decides the next step of any conversation that carries our prompt."""

    commands: Commands

    def __call__(self, request: ChatRequest) -> Reply:
        """Return the next step."""
        brief = read_brief(request.messages)
        if brief is None or not request.offers(TERMINAL):
            return _finish(request, _NO_ORDER)
        steps = list_steps(brief, self.commands)
        runs = read_runs(request.messages, [step.command for step in steps])
        reply = choose_next(steps, runs)
        return reply or _finish(request, render_last_words(brief, runs))


def read_brief(messages: Sequence[Message]) -> Brief | None:
    """Read the order from the first message of a user that has it whole."""
    for message in messages:
        if message.role != "user":
            continue
        found = {name: form.search(message.text) for name, form in _BRIEF.items()}
        values = {name: match[1] for name, match in found.items() if match}
        if len(values) == len(_BRIEF):
            return Brief(**values)
    return None


def list_steps(brief: Brief, commands: Commands) -> tuple[Step, ...]:
    """List the three commands in order."""
    program = (commands.python, "-I", commands.program)
    module, output = ("--module", brief.module), ("--output", brief.output)
    python, name = ("--python", commands.interpreter), ("--import-name", brief.import_name)
    write = (*program, "characterize", *module, *name, *output, *python)
    check = (*program, "check", *module, *output, *python)
    return (
        Step(shlex.join(("cat", "--", brief.module)), f"Read {brief.module}"),
        Step(shlex.join(write), f"Write {brief.output} from what {brief.import_name} does"),
        Step(shlex.join(check), f"Run {brief.output}"),
    )


def choose_next(steps: Sequence[Step], runs: Mapping[int, Run]) -> Reply | None:
    """Choose what follows on the furthest step that the conversation knows of; ``None``: the end.

    No action is ever the same as one before: the server would think that the agent is stuck.
    """
    if not runs:
        return _run(steps[READ], COMMAND_SECONDS)
    place = max(runs)
    run = runs[place]
    if run.end is End.RUNS and run.waits < MAX_WAITS:
        return _wait(WAIT_SECONDS + run.waits)
    if run.end is End.LOST and run.tries < MAX_TRIES:
        return _run(steps[place], COMMAND_SECONDS + run.tries)
    if place == READ or (place == WRITE and run.exit_code == 0):
        return _run(steps[place + 1], COMMAND_SECONDS)
    return None


def render_last_words(brief: Brief, runs: Mapping[int, Run]) -> str:
    """Say what was written, or why nothing was; a failure is never called a success."""
    place = max(runs)
    run = runs[place]
    said = _quote(run.output)
    if run.end is not End.ENDED:
        what = "writes the tests" if place == WRITE else "checks the tests"
        return f"The program that {what} did not come to its end, so I stop here.{said}"
    if place == WRITE:
        return f"I could not write {brief.output}: the program ended with {run.exit_code}.{said}"
    if run.exit_code:
        return (
            f"I wrote {brief.output}, but the tests in it do not pass: the check ended with "
            f"{run.exit_code}.{said}\n\n{_DISCLAIMER}"
        )
    written = _quote(runs[WRITE].output) if WRITE in runs else said
    return f"I wrote {brief.output}; the tests in it pass.{written}\n\n{_DISCLAIMER}"


def _quote(output: str) -> str:
    lines = [line.rstrip()[:SHOWN_LINE_LENGTH] for line in output.splitlines() if line.strip()]
    return "\n\nThe program said:\n" + "\n".join(lines[-SHOWN_LINES:]) if lines else ""


def _run(step: Step, seconds: int) -> Reply:
    arguments = {"command": step.command, "timeout": seconds, "summary": step.summary}
    return Reply(tool=TERMINAL, arguments=arguments)


def _wait(seconds: int) -> Reply:
    arguments = {"command": "", "is_input": True, "timeout": seconds, "summary": "Wait for it"}
    return Reply(tool=TERMINAL, arguments=arguments)


def _finish(request: ChatRequest, message: str) -> Reply:
    if not request.offers(FINISH):
        return Reply(text=message)
    return Reply(tool=FINISH, arguments={"message": message, "summary": "Say what was done"})
