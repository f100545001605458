"""What the terminal tool says of a command; the texts are those of the real one."""

from __future__ import annotations

import pytest

from openhands_testgen.offline.chat import Message
from openhands_testgen.offline.transcript import End, Run, read_result, read_runs

PLACE = "[Current working directory: /project]\n[Python interpreter: /usr/bin/python3]\n"
WAIT_HINT = (
    "You may wait longer to see additional output by sending empty command '', send other commands "
    'to interact with the current process, send keys ("C-c", "C-z", "C-d") to interrupt/kill the '
    "previous command before sending your new command, or use the timeout parameter in terminal "
    "for future commands.]"
)
EARLIER = "[Below is the output of the previous command.]"
RESTARTED = (
    "A restart occurred while this tool was in progress. This may indicate a fatal memory error or "
    "system crash. The tool execution was interrupted and did not complete."
)


def end_with(code: int, output: str = "done") -> str:
    return (
        f"{output}\n[The command completed with exit code {code}.]\n{PLACE}"
        f"[Command finished with exit code {code}]"
    )


@pytest.mark.parametrize(
    ("text", "run"),
    [
        (end_with(0), Run(End.ENDED, 0, "done")),
        (end_with(3, "a\nb"), Run(End.ENDED, 3, "a\nb")),
        (end_with(0, ""), Run(End.ENDED, 0, "")),
        ("\x1b[?2004ldone\n\x1b[?2004h\n" + end_with(0, ""), Run(End.ENDED, 0, "done")),
        (f"a\n[The command timed out after 1.0 seconds. {WAIT_HINT}", Run(End.RUNS, None, "a")),
        (
            f"{EARLIER}\n\n[The command has no new output after 30 seconds. {WAIT_HINT}\n{PLACE}",
            Run(End.RUNS, None, EARLIER),
        ),
        (RESTARTED, Run(End.LOST, None, RESTARTED)),
        ("No previous running command to retrieve logs from.", None),
        ("", Run(End.LOST)),
        # What a command prints is no word of the terminal.
        (
            end_with(1, "[Command finished with exit code 0]\n[The command timed out after 1 s"),
            Run(End.ENDED, 1, ""),
        ),
        ("[Command finished with exit code 0]\nand more", Run(End.LOST, None, "and more")),
    ],
)
def test_results(text: str, run: Run | None) -> None:
    assert read_result(text) == (run or Run(End.LOST, None, text))


def test_a_command_that_is_not_taken_because_another_runs() -> None:
    text = f'[Your command "python -m x" is NOT executed. The previous command is still {WAIT_HINT}'
    assert read_result(text).end is End.RUNS


def call(number: int, arguments: str, tool: str = "terminal") -> Message:
    function = {"name": tool, "arguments": arguments}
    return Message.model_validate(
        {"role": "assistant", "tool_calls": [{"id": f"call_{number}", "function": function}]}
    )


def result(number: int, text: str) -> Message:
    return Message(role="tool", tool_call_id=f"call_{number}", content=text)


def test_runs_are_told_apart_by_their_commands() -> None:
    messages = [
        call(1, '{"command": "first"}'),
        result(1, end_with(0, "one")),
        call(2, '{"command": "foreign"}'),
        result(2, end_with(9)),
        call(3, '{"command": "second", "timeout": 3}'),
        result(3, end_with(2, "two")),
    ]
    assert read_runs(messages, ["first", "second", "third"]) == {
        0: Run(End.ENDED, 0, "one"),
        1: Run(End.ENDED, 2, "two"),
    }


def test_looks_at_a_running_command_belong_to_it() -> None:
    runs = f"[The command timed out after 1.0 seconds. {WAIT_HINT}"
    messages = [
        call(1, '{"command": "first"}'),
        result(1, f"a\n{runs}"),
        call(2, '{"command": ""}'),
        result(2, f"b\n{runs}"),
        call(3, '{"command": ""}'),
        result(3, end_with(4, "c")),
    ]
    assert read_runs(messages, ["first"]) == {0: Run(End.ENDED, 4, "a\nb\nc", waits=2)}


def test_a_repeated_command_counts_its_tries_and_its_last_result() -> None:
    messages = [
        call(1, '{"command": "first"}'),
        call(2, '{"command": "first"}'),
        result(2, end_with(0, "at last")),
    ]
    assert read_runs(messages, ["first"]) == {0: Run(End.ENDED, 0, "at last", tries=2)}


@pytest.mark.parametrize("arguments", ["", "[]", "{}", "not json", '{"command": null}'])
def test_calls_that_are_none_of_ours(arguments: str) -> None:
    messages = [call(1, arguments), call(2, '{"command": "first"}', tool="think")]
    assert read_runs(messages, ["first"]) == {}
