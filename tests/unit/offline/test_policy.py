"""The policy: every next step from the conversation alone, the recorded one first."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from openhands_testgen.domain.prompt import Briefing, render_prompt
from openhands_testgen.domain.task import Assignment
from openhands_testgen.offline.chat import ChatRequest, Message, Reply
from openhands_testgen.offline.policy import (
    CHECK,
    COMMAND_SECONDS,
    MAX_TRIES,
    MAX_WAITS,
    READ,
    WRITE,
    Brief,
    Commands,
    OfflinePolicy,
    choose_next,
    list_steps,
    read_brief,
    render_last_words,
)
from openhands_testgen.offline.transcript import End, Run

# A whole conversation with the real agent server; long descriptions in it are cut.
RECORDED = ChatRequest.model_validate_json(
    Path(__file__).with_name("recorded_request.json").read_bytes()
)
COMMANDS = Commands("/usr/bin/python3", "/opt/testgen/program.py", "/usr/bin/python3")
BRIEF = Brief("src/shop/prices.py", "shop.prices", "tests/test_prices.py")
STEPS = list_steps(BRIEF, COMMANDS)
ENDED, FAILED = Run(End.ENDED, 0, "fine"), Run(End.ENDED, 1, "bad")
RUNS, LOST = Run(End.RUNS), Run(End.LOST)


def cut(turns: int, **changes: object) -> ChatRequest:
    """Cut the recorded conversation to what the model knew at one of its turns."""
    places = [n for n, message in enumerate(RECORDED.messages) if message.role == "assistant"]
    end = places[turns] if turns < len(places) else len(RECORDED.messages)
    return RECORDED.model_copy(update={"messages": RECORDED.messages[:end], **changes})


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_the_recorded_conversation_is_replayed(turn: int) -> None:
    said = [message for message in RECORDED.messages if message.tool_calls][turn]
    assert said.tool_calls is not None
    function = said.tool_calls[0].function
    reply = OfflinePolicy(COMMANDS)(cut(turn))
    assert (reply.tool, reply.arguments) == (function.name, json.loads(function.arguments))


def test_the_recorded_conversation_ends_with_what_was_written() -> None:
    reply = OfflinePolicy(COMMANDS)(cut(3))
    message = str(reply.arguments["message"])
    assert reply.tool == "finish"
    assert message.startswith("I wrote tests/test_prices.py; the tests in it pass.")
    assert "1 test written to tests/test_prices.py" in message
    assert "pin what the code does today and specify nothing" in message


def test_the_prompt_is_read_as_it_is_rendered() -> None:
    assignment = Assignment("src/a `b.py", "tests/test_a b.py", 80, "Module under test: `no.py`")
    briefing = Briefing(assignment, "a.b", (), (), (), (), output_exists=True, uses_unittest=False)
    messages = [
        Message(role="system", content="Module under test: `system.py`"),
        Message(role="user", content="Hello."),
        Message(role="user", content=render_prompt(briefing)),
    ]
    assert read_brief(messages) == Brief("src/a `b.py", "a.b", "tests/test_a b.py")


def test_words_of_the_shell_are_quoted() -> None:
    brief = Brief("src/a b;$(rm).py", "a", "tests/test_'a.py")
    for step in list_steps(brief, Commands("py thon", "pro gram", "inter preter")):
        assert brief.module in shlex.split(step.command)
    assert shlex.split(list_steps(brief, COMMANDS)[CHECK].command) == [
        *("/usr/bin/python3", "-I", "/opt/testgen/program.py", "check"),
        *("--module", brief.module, "--output", brief.output, "--python", "/usr/bin/python3"),
    ]


def run(place: int, seconds: int = COMMAND_SECONDS) -> tuple[object, object]:
    return STEPS[place].command, seconds


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ({}, run(READ)),
        ({READ: ENDED}, run(WRITE)),
        ({READ: FAILED}, run(WRITE)),
        ({READ: LOST}, run(READ, COMMAND_SECONDS + 1)),
        ({READ: Run(End.LOST, tries=MAX_TRIES)}, run(WRITE)),
        ({READ: ENDED, WRITE: ENDED}, run(CHECK)),
        ({READ: ENDED, WRITE: FAILED}, None),
        ({READ: ENDED, WRITE: LOST}, run(WRITE, COMMAND_SECONDS + 1)),
        ({READ: ENDED, WRITE: Run(End.LOST, tries=MAX_TRIES)}, None),
        ({READ: ENDED, WRITE: RUNS}, ("", 60)),
        ({READ: ENDED, WRITE: Run(End.RUNS, waits=3)}, ("", 63)),
        ({READ: ENDED, WRITE: Run(End.RUNS, waits=MAX_WAITS)}, None),
        ({READ: ENDED, WRITE: ENDED, CHECK: ENDED}, None),
        ({READ: ENDED, WRITE: ENDED, CHECK: FAILED}, None),
        ({READ: ENDED, WRITE: ENDED, CHECK: LOST}, run(CHECK, COMMAND_SECONDS + 1)),
        # A condensed history has forgotten the steps before.
        ({WRITE: ENDED}, run(CHECK)),
        ({CHECK: ENDED}, None),
    ],
)
def test_steps(runs: dict[int, Run], expected: tuple[object, object] | None) -> None:
    reply = choose_next(STEPS, runs)
    got = reply and (reply.arguments["command"], reply.arguments["timeout"])
    assert got == expected


def test_no_wait_is_like_the_one_before() -> None:
    replies = [choose_next(STEPS, {WRITE: Run(End.RUNS, waits=n)}) for n in range(MAX_WAITS)]
    seen = {json.dumps(dict(reply.arguments)) for reply in replies if reply}
    assert len(seen) == MAX_WAITS
    assert all(reply and reply.arguments["is_input"] for reply in replies)


@pytest.mark.parametrize(
    ("runs", "first", "disclaims"),
    [
        ({WRITE: ENDED, CHECK: ENDED}, "I wrote tests/test_prices.py; the tests in it pass.", True),
        ({CHECK: ENDED}, "I wrote tests/test_prices.py; the tests in it pass.", True),
        (
            {WRITE: ENDED, CHECK: FAILED},
            "I wrote tests/test_prices.py, but the tests in it do not pass: the check ended with 1",
            True,
        ),
        (
            {WRITE: FAILED},
            "I could not write tests/test_prices.py: the program ended with 1.",
            False,
        ),
        ({WRITE: LOST}, "The program that writes the tests did not come to its end", False),
        ({WRITE: ENDED, CHECK: RUNS}, "The program that checks the tests did not come to", False),
    ],
)
def test_last_words(runs: dict[int, Run], first: str, *, disclaims: bool) -> None:
    words = render_last_words(BRIEF, runs)
    assert words.startswith(first)
    assert ("specify nothing" in words) is disclaims


def test_last_words_show_the_end_of_what_the_program_said() -> None:
    output = "\n\n".join(f"line {n}" for n in range(30)) + "\n" + "x" * 1000
    words = render_last_words(BRIEF, {WRITE: Run(End.ENDED, 2, output)})
    assert "line 22" not in words
    assert "line 23\nline 24" in words
    assert max(len(line) for line in words.splitlines()) == 200


@pytest.mark.parametrize(
    "request_",
    [
        cut(0, messages=RECORDED.messages[:1]),
        cut(0, tools=[tool for tool in RECORDED.tools or () if tool.function.name == "finish"]),
    ],
    ids=["no order", "no terminal"],
)
def test_without_an_order_or_a_terminal_it_says_what_it_is(request_: ChatRequest) -> None:
    reply = OfflinePolicy(COMMANDS)(request_)
    assert reply.tool == "finish"
    assert str(reply.arguments["message"]).startswith("I am a program")


def test_without_any_tool_it_answers_in_words() -> None:
    reply = OfflinePolicy(COMMANDS)(cut(0, tools=None))
    assert reply == Reply(text=reply.text)
    assert reply.text.startswith("I am a program")
