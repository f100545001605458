"""OpenHands Cloud's records as our states, and our orders as its requests: one row a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from openhands_testgen.backends.budget import find_overrun, find_overspending
from openhands_testgen.backends.cloud_records import (
    Reference,
    find_project,
    is_stopped_by_us,
    read_conversation,
    read_reference,
    read_start,
    render_reference,
    render_start,
    render_title,
    to_utc,
)
from openhands_testgen.clients.cloud_answers import Conversation, StartTask
from openhands_testgen.domain.revision import Revision
from openhands_testgen.domain.task import Conclusion, Limits, Model, Status, TaskState
from openhands_testgen.domain.task_id import parse_task_id
from tests.fakes.contract import Contract
from tests.fakes.orders import make_order, make_project, make_task_id

if TYPE_CHECKING:
    from pathlib import Path

ID, START_ID, COMMIT = "a" * 32, "b" * 32, "c" * 40
LIMITS = Limits(50, None)


def make_conversation(**content: object) -> Conversation:
    return Conversation.model_validate({"id": ID, "sandbox_id": ID, **content})


@pytest.mark.parametrize(
    ("sandbox", "word", "status", "conclusion"),
    [
        ("RUNNING", None, Status.RUNNING, None),
        ("RUNNING", "idle", Status.RUNNING, None),
        ("RUNNING", "running", Status.RUNNING, None),
        ("RUNNING", "deleting", Status.RUNNING, None),
        ("RUNNING", "a_word_of_tomorrow", Status.RUNNING, None),
        ("RUNNING", "finished", Status.COMPLETED, None),
        ("RUNNING", "stuck", Status.FAILED, Conclusion.STUCK),
        ("RUNNING", "error", Status.FAILED, Conclusion.AGENT_ERROR),
        ("RUNNING", "paused", Status.FAILED, Conclusion.CANCELLED),
        ("RUNNING", "waiting_for_confirmation", Status.FAILED, Conclusion.NEEDS_CONFIRMATION),
        ("STARTING", None, Status.RUNNING, None),
        ("PAUSED", None, Status.RUNNING, None),
        # What a sleeping sandbox's agent last was is not what it is.
        ("PAUSED", "finished", Status.RUNNING, None),
        ("A_WORD_OF_TOMORROW", None, Status.RUNNING, None),
        ("MISSING", None, Status.FAILED, Conclusion.LOST),
        ("MISSING", "finished", Status.FAILED, Conclusion.LOST),
        ("ERROR", None, Status.FAILED, Conclusion.LOST),
    ],
)
def test_conversation(
    sandbox: str, word: str | None, status: Status, conclusion: Conclusion | None
) -> None:
    state = read_conversation(make_conversation(sandbox_status=sandbox, execution_status=word))
    assert (state.status, state.conclusion) == (status, conclusion)
    assert bool(state.error) is (status is Status.FAILED)


def test_a_word_of_tomorrow_is_named() -> None:
    shown = make_conversation(sandbox_status="RUNNING", execution_status="pondering")
    assert read_conversation(shown).step == "OpenHands says 'pondering'"


@pytest.mark.parametrize(
    ("metrics", "cost"),
    [
        (None, None),
        ({"accumulated_cost": 0.0}, None),
        ({"accumulated_cost": 0.0, "accumulated_token_usage": {"prompt_tokens": 9}}, None),
        ({"accumulated_cost": 0.75}, 0.75),
    ],
)
def test_cost_is_never_zero(metrics: object, cost: float | None) -> None:
    assert read_conversation(make_conversation(metrics=metrics)).cost_usd == cost


@pytest.mark.parametrize(
    ("status", "expected", "step"),
    [
        ("WORKING", Status.QUEUED, "OpenHands starts"),
        ("PREPARING_REPOSITORY", Status.QUEUED, "the repository is cloned"),
        ("READY", Status.QUEUED, "the agent starts"),
        ("BREWING_TEA", Status.QUEUED, "OpenHands says 'BREWING_TEA'"),
        ("ERROR", Status.FAILED, ""),
    ],
)
def test_start(status: str, expected: Status, step: str) -> None:
    state = read_start(StartTask(id=START_ID, status=status))
    assert (state.status, state.step) == (expected, step)


@pytest.mark.parametrize(
    ("detail", "error"),
    [
        (None, "OpenHands could not start the agent: no reason was given"),
        ("500: no\n room", "OpenHands could not start the agent: 500: no room"),
        ("Bad sk-abcdefgh12345678.", "OpenHands could not start the agent: Bad ***."),
    ],
)
def test_a_failed_start_says_why(detail: str | None, error: str) -> None:
    assert read_start(StartTask(id=START_ID, status="ERROR", detail=detail)).error == error


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-23T21:20:49.575516", "2026-11-23T21:20:49.575516Z"),
        ("2026-11-23T21:20:49.575516Z", "2026-11-23T21:20:49.575516Z"),
        ("2026-11-23T22:20:49+01:00", "2026-11-23T21:20:49Z"),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_times_are_utc(text: str | None, time: str | None) -> None:
    assert to_utc(text) == time


@pytest.mark.parametrize("title", [None, "", "Unit tests for x", "Not Stopped: unit tests"])
def test_a_title_of_others_is_no_mark(title: str | None) -> None:
    assert not is_stopped_by_us(make_conversation(title=title))
    assert is_stopped_by_us(make_conversation(title="Stopped: unit tests for x"))


@pytest.mark.parametrize(
    ("content", "folder"),
    [
        ({}, "/workspace/project"),
        ({"selected_repository": "owner/shop"}, "/workspace/project/shop"),
        ({"selected_repository": "group/sub/shop"}, "/workspace/project/shop"),
        ({"selected_repository": "o/shop", "tags": {"archiveworkspacepath": "/w/x"}}, "/w/x/shop"),
    ],
)
def test_where_the_agent_works(content: dict[str, object], folder: str) -> None:
    assert find_project(make_conversation(**content)) == folder


@pytest.mark.parametrize("prefix", ["", "services/shop", "dienste/läden und mehr"])
@pytest.mark.parametrize("limits", [LIMITS, Limits(1, 0.5), Limits(500, 1e-5), Limits(5, 1e6)])
def test_a_reference_survives_a_task_id(prefix: str, limits: Limits, tmp_path: Path) -> None:
    revision = Revision("o/r", "github", "b", COMMIT, prefix)
    reference = render_reference(START_ID, revision, limits)
    text = str(make_task_id(make_order(make_project(tmp_path)), "cloud", reference))
    assert read_reference(parse_task_id(text).reference) == Reference(
        START_ID, COMMIT, prefix, limits
    )


def test_an_upload_names_no_commit() -> None:
    read = read_reference(render_reference(START_ID, None, LIMITS))
    assert read == Reference(START_ID, "", "", LIMITS)


@pytest.mark.parametrize(
    "changes",
    [
        {"s": "x"},
        {"s": "../../users/me"},
        {"i": "many"},
        {"i": ""},
        {"m": "much"},
        {"b": "HEAD"},
        {"b": "-" * 40},
        {"p": "Li4vZXRj"},  # ../etc
        {"p": "L2V0Yw"},  # /etc
        {"p": "_w"},  # not UTF-8
    ],
)
def test_a_foreign_reference_is_none_of_ours(changes: dict[str, str]) -> None:
    good = {"s": START_ID, "i": "50", "b": COMMIT}
    assert read_reference(good) is not None
    assert read_reference({**good, **changes}) is None
    assert read_reference({}) is None


def make_body(tmp_path: Path, revision: Revision | None, model: Model) -> dict[str, object]:
    return render_start(make_order(make_project(tmp_path), model=model), revision)


@pytest.mark.parametrize("model", [Model(""), Model("openhands/any", "planted-key", "http://x")])
@pytest.mark.parametrize(
    "revision",
    [None, Revision("o/r", "github", "b", COMMIT, ""), Revision("o/r", "gitlab", "b", COMMIT, "p")],
)
def test_requests_keep_to_the_contract(
    tmp_path: Path, revision: Revision | None, model: Model
) -> None:
    body = make_body(tmp_path, revision, model)
    assert Contract().judge_request("POST", "/api/v1/app-conversations", {}, body) == []
    assert "planted-key" not in str(body)
    assert body.get("llm_model", "") == model.name


def test_the_agent_is_told_where_it_is(tmp_path: Path) -> None:
    order = make_order(make_project(tmp_path))
    told = str(render_start(order, Revision("o/r", "github", "b", COMMIT, "services/shop")))
    assert order.prompt.splitlines()[0] in told
    assert f"git fetch --depth 1 origin {COMMIT}" in told
    assert "relative to the folder `services/shop`" in told


def test_titles_tell_orders_apart(tmp_path: Path) -> None:
    snapshot = make_project(tmp_path)
    orders = [make_order(snapshot, tags={"order": one * 64}) for one in "ab"]
    assert len({render_title(order) for order in orders}) == 2


@pytest.mark.parametrize(
    ("limit", "cost", "is_over"),
    [(None, 9.0, False), (0.5, None, False), (0.5, 0.5, False), (0.5, 0.51, True)],
)
def test_spending(limit: float | None, cost: float | None, is_over: bool) -> None:
    state = TaskState(Status.RUNNING, cost_usd=cost)
    assert bool(find_overspending(Limits(50, limit), state)) is is_over


@pytest.mark.parametrize(
    ("state", "is_over"),
    [
        (TaskState(Status.RUNNING, steps=5), False),
        (TaskState(Status.RUNNING, steps=6), True),
        (TaskState(Status.FAILED, Conclusion.CANCELLED, steps=6), True),
        (TaskState(Status.COMPLETED, steps=6), False),
        (TaskState(Status.FAILED, Conclusion.STUCK, steps=6), False),
    ],
)
def test_steps(state: TaskState, is_over: bool) -> None:
    assert bool(find_overrun(Limits(5, None), state)) is is_over
