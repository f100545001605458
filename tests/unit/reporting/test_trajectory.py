"""The agent's steps, from records that anybody may have written."""

from __future__ import annotations

import json

import pytest

from openhands_testgen.reporting import trajectory
from openhands_testgen.reporting.trajectory import read_trajectory
from tests.fakes.archives import make_events, pack, pack_events
from tests.fakes.hostile import TEXTS


def test_steps_with_what_came_of_them() -> None:
    found = read_trajectory(pack_events(make_events("words")))
    assert [(step.tool, step.title) for step in found.steps] == [
        ("message", "Message of the user"),
        ("terminal", "words"),
        ("file_editor", ""),
        ("error", "Error"),
    ]
    message, command, edit, error = found.steps
    assert message.answer == "words"
    assert (command.request, command.answer) == ("cat -- words", "words")
    assert (command.exit_code, command.is_error, command.thought) == (2, False, "words")
    assert command.at == "2026-01-01T10:00:25.788905"
    assert edit.request == "command: create\npath: words\nview: [1]"
    assert (edit.answer, edit.is_error) == ("words", True)
    assert error.answer == "LLMTimeoutError: words"
    assert found.tokens == {"prompt": 4479, "completion": 24}
    assert (found.left_out, found.problem) == (0, "")


@pytest.mark.parametrize(
    "content", [None, b"", b"PK", b"PK\x03\x04 damaged", b"x" * 100, pack({})[:-3]]
)
def test_what_cannot_be_read_is_said_so(content: bytes | None) -> None:
    found = read_trajectory(content)
    assert found.steps == ()
    assert found.problem.startswith(("there is no record", "the record of the agent's steps can"))


@pytest.mark.parametrize(
    "event",
    [
        [],
        "text",
        {"id": 5},
        {"action": "no object"},
        {"observation": {"content": 5}},
        {"key": "stats", "value": {"usage_to_metrics": {"a": {"accumulated_token_usage": 5}}}},
        {
            "key": "stats",
            "value": {
                "usage_to_metrics": {"a": {"accumulated_token_usage": {"prompt_tokens": -1}}}
            },
        },
        {"key": "stats", "value": None},
        {"action_id": "unknown", "observation": {"content": "x"}},
        {"kind": "EventOfTomorrow"},
    ],
)
def test_strange_events_are_passed_over(event: object) -> None:
    found = read_trajectory(pack_events([event, *make_events("x")]))
    assert len(found.steps) == 4
    assert found.tokens is not None
    assert found.unread in {0, 1}


def test_members_that_are_no_events_or_too_large_are_passed_over() -> None:
    event = json.dumps({"action": {"command": "x"}}).encode()
    deep = b'{"action": {"x": ' + b"[" * 5_000 + b"]" * 5_000 + b"}}"
    files = {
        "events/event-1-a.json": event,
        "events/event-2-a.json": b'{"summary": "' + b"x" * 2_000_000 + b'"}',
        "events/event-3-a.json": deep,
        "events/event-4-a.json": b"\xff\xfe",
        "events/event-5-a.json/": b"",
        "event-99999999999-a.json": event,
        "../event-x-a.json": event,
    }
    found = read_trajectory(pack(files))
    assert (len(found.steps), found.unread) == (1, 3)


def test_long_conversations_and_long_texts_are_cut() -> None:
    events: list[object] = [
        {"id": str(number), "action": {"command": "c" * 9_000}} for number in range(250)
    ]
    events.append({"action_id": "0", "observation": {"content": "begin" + "o" * 9_000 + "end"}})
    found = read_trajectory(pack_events(events))
    assert (len(found.steps), found.left_out) == (trajectory.MAX_STEPS, 50)
    assert len(found.steps[0].request) == trajectory.MAX_TEXT_LENGTH + 2
    assert found.steps[0].answer.endswith("end")
    assert "begin" not in found.steps[0].answer


def test_what_inflates_is_not_read() -> None:
    files = {f"event-{number}-a.json": b" " * 900_000 for number in range(80)}
    found = read_trajectory(pack(files))
    assert found.problem == "the record of the agent's steps is too large"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_is_a_text(text: str) -> None:
    found = read_trajectory(pack_events(make_events(text)))
    assert (found.problem, found.unread) == ("", 0)
