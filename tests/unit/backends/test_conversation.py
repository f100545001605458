"""What the agent server shows, as our states: one row a case that was measured."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from openhands_testgen.backends.conversation import (
    is_unknown_word,
    read_cost,
    read_state,
    redact,
    render_request,
    was_interrupted_by_restart,
)
from openhands_testgen.clients.agent_server import ConversationInfo, Event
from openhands_testgen.domain.snapshot import Snapshot
from openhands_testgen.domain.task import Assignment, Conclusion, Limits, Model, Order, Status


def make_info(word: str | None, **content: object) -> ConversationInfo:
    return ConversationInfo.model_validate({"id": "x", "execution_status": word, **content})


def make_error(code: str, detail: str = "why") -> Event:
    return Event(kind="ConversationErrorEvent", code=code, detail=detail)


@pytest.mark.parametrize(
    ("word", "events", "status", "conclusion"),
    [
        (None, [], Status.RUNNING, None),
        ("idle", [], Status.RUNNING, None),
        ("running", [], Status.RUNNING, None),
        ("a_word_of_tomorrow", [], Status.RUNNING, None),
        ("finished", [], Status.COMPLETED, None),
        ("stuck", [], Status.FAILED, Conclusion.STUCK),
        ("waiting_for_confirmation", [], Status.FAILED, Conclusion.NEEDS_CONFIRMATION),
        ("paused", [], Status.FAILED, Conclusion.CANCELLED),
        ("error", [make_error("LLMAuthenticationError")], Status.FAILED, Conclusion.AGENT_ERROR),
        ("error", [make_error("MaxIterationsReached")], Status.FAILED, Conclusion.OVER_BUDGET),
        ("error", [], Status.FAILED, Conclusion.AGENT_ERROR),
    ],
)
def test_state(
    word: str | None, events: list[Event], status: Status, conclusion: Conclusion | None
) -> None:
    state = read_state(make_info(word), events)
    assert (state.status, state.conclusion) == (status, conclusion)
    assert bool(state.error) is (status is Status.FAILED)


def test_an_error_says_what_the_server_says() -> None:
    state = read_state(make_info("error"), [make_error("LLMRateLimitError", "slow\n down")])
    assert state.error == "LLMRateLimitError: slow down"


def test_foreign_text_loses_what_looks_like_a_key() -> None:
    assert "abcdefgh" not in redact("Incorrect API key provided: sk-abcdefgh12345678.")
    assert len(redact("x" * 5_000)) == 500


@pytest.mark.parametrize(
    ("word", "unknown"),
    [(None, False), ("running", False), ("finished", False), ("a_word_of_tomorrow", True)],
)
def test_unknown_words_are_noticed(word: str | None, unknown: bool) -> None:
    assert is_unknown_word(make_info(word)) is unknown


@pytest.mark.parametrize(
    ("word", "events", "interrupted"),
    [
        ("error", [], True),
        ("error", [make_error("X")], False),
        ("running", [], False),
        ("finished", [], False),
    ],
)
def test_a_restart_leaves_an_error_without_a_reason(
    word: str,
    events: list[Event],
    interrupted: bool,
) -> None:
    assert was_interrupted_by_restart(make_info(word), events) is interrupted


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({}, None),
        ({"agent": {"accumulated_cost": 0.0}}, None),
        ({"agent": {"accumulated_cost": 0.5}, "condenser": {"accumulated_cost": 0.25}}, 0.75),
    ],
)
def test_cost_is_summed_and_never_zero(usage: dict[str, object], cost: float | None) -> None:
    assert read_cost(make_info("running", stats={"usage_to_metrics": usage})) == cost


def test_steps_are_counted_and_the_newest_is_shown() -> None:
    events = [
        Event.model_validate({"kind": "ActionEvent", "summary": "running\n the tests"}),
        Event(kind="ObservationEvent"),
        Event.model_validate(
            {"kind": "ActionEvent", "action": {"kind": "TerminalAction", "command": "ls"}}
        ),
    ]
    state = read_state(make_info("running"), events)
    assert (state.steps, state.step) == (2, "running the tests")
    assert read_state(make_info("running"), events[2:]).step == "Terminal: ls"
    assert read_state(make_info("running"), events, steps=9).steps == 9


def make_order(model: Model) -> Order:
    return Order(
        conversation_id=uuid.UUID(int=7).hex,
        assignment=Assignment("a.py", "tests/test_a.py", 80),
        prompt="Write tests.",
        snapshot=Snapshot(Path("/p"), ("a.py",), "d"),
        model=model,
        limits=Limits(40, None),
        tags={"order": "o"},
    )


def test_request_has_our_id_limits_and_tags() -> None:
    model = Model("anthropic/x", "planted-key")
    request = render_request(make_order(model), "/w", model)
    assert request["conversation_id"] == str(uuid.UUID(int=7))
    assert request["max_iterations"] == 40
    assert request["tags"] == {"order": "o"}
    assert request["workspace"] == {"kind": "LocalWorkspace", "working_dir": "/w"}
    assert request["agent"]["llm"]["api_key"] == "planted-key"  # type: ignore[index]
    assert "base_url" not in request["agent"]["llm"]  # type: ignore[index]


def test_the_offline_model_is_asked_like_openai() -> None:
    model = Model("offline", "k", "http://127.0.0.1:1/v1")
    llm = render_request(make_order(model), "/w", model)["agent"]["llm"]  # type: ignore[index]
    assert (llm["model"], llm["base_url"]) == ("openai/offline", "http://127.0.0.1:1/v1")


def test_a_key_stays_out_of_repr() -> None:
    assert "planted-key" not in repr(make_order(Model("m", "planted-key")))
