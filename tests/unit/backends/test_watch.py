"""Watching conversations: one request a look, and what a restart interrupted goes on."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.backends.watch import (
    IDLE_LOOKS,
    LOOKS_AFTER_TELLING,
    MAX_RESUMES,
    ConversationWatch,
)
from openhands_testgen.clients.agent_server import AgentServerClient
from openhands_testgen.clients.http import Patience
from openhands_testgen.domain.task import Conclusion, Status, TaskState
from openhands_testgen.errors import TaskIdError
from tests.fakes.agent_server import KEY, RESUMING_LOOKS, FakeAgentServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio
HEX = f"{1:032x}"
KEY_OF_IT = str(uuid.UUID(HEX))
HASTE = Patience(request_seconds=2, connect_seconds=2, first_retry_seconds=0.01)


@pytest.fixture
async def watched() -> AsyncIterator[tuple[FakeAgentServer, ConversationWatch]]:
    with FakeAgentServer(looks=1_000) as server:
        server.create({"conversation_id": KEY_OF_IT, "workspace": {}, "agent": {}})
        async with AgentServerClient(server.url, KEY, HASTE) as client:
            yield server, ConversationWatch(client, lambda _: None)


type Watched = tuple[FakeAgentServer, ConversationWatch]


def show(server: FakeAgentServer, word: str) -> None:
    server.conversations[KEY_OF_IT]["execution_status"] = word


async def look(watch: ConversationWatch) -> TaskState:
    state = (await watch.get_states([HEX]))[HEX]
    assert isinstance(state, TaskState)
    return state


async def test_a_look_at_what_has_not_moved_is_one_request(watched: Watched) -> None:
    server, watch = watched
    await look(watch)
    before = len(server.requests)
    await look(watch)
    assert server.requests[before:] == [("GET", "/api/conversations")]


async def test_an_unknown_conversation_is_an_error_of_its_own(watched: Watched) -> None:
    other = f"{2:032x}"
    states = await watched[1].get_states([HEX, other])
    assert isinstance(states[HEX], TaskState)
    assert isinstance(states[other], TaskIdError)


async def test_a_conversation_that_a_restart_interrupted_goes_on(watched: Watched) -> None:
    server, watch = watched
    show(server, "error")
    states = [await look(watch) for _ in range(RESUMING_LOOKS + 2)]
    assert {state.status for state in states} == {Status.RUNNING}
    assert server.resumed == [KEY_OF_IT]
    show(server, "finished")
    assert (await look(watch)).status is Status.COMPLETED


async def test_another_process_that_looks_meanwhile_resumes_nothing_twice(watched: Watched) -> None:
    server, watch = watched
    show(server, "error")
    await look(watch)
    async with AgentServerClient(server.url, KEY, HASTE) as client:
        assert (await look(ConversationWatch(client, lambda _: None))).status is Status.RUNNING
    assert server.resumed == [KEY_OF_IT]


async def test_what_is_interrupted_again_and_again_ends_as_an_error(watched: Watched) -> None:
    server, watch = watched
    ended = None
    for _ in range(MAX_RESUMES + 1):
        assert ended is None
        show(server, "error")
        server.conversations[KEY_OF_IT].pop("resuming", None)
        state = await look(watch)
        ended = state if state.status.is_final else None
    assert ended is not None
    assert ended.conclusion is Conclusion.AGENT_ERROR
    assert "in vain" in str(ended.error)


async def test_a_new_conversation_may_be_idle_for_a_moment(watched: Watched) -> None:
    server, watch = watched
    show(server, "idle")
    for _ in range(IDLE_LOOKS - 1):
        assert (await look(watch)).status is Status.RUNNING
    show(server, "running")
    await look(watch)
    show(server, "idle")
    await look(watch)
    assert server.resumed == []


async def test_a_conversation_that_stays_idle_is_started(watched: Watched) -> None:
    server, watch = watched
    show(server, "idle")
    for _ in range(IDLE_LOOKS):
        await look(watch)
    assert server.resumed == [KEY_OF_IT]


async def test_a_word_of_tomorrow_is_not_final_and_is_named(watched: Watched) -> None:
    server, watch = watched
    show(server, "pondering")
    state = await look(watch)
    assert (state.status, state.step) == (Status.RUNNING, "the server says 'pondering'")


async def test_an_agent_that_was_told_more_is_not_at_its_former_end(watched: Watched) -> None:
    server, watch = watched
    show(server, "finished")
    assert (await look(watch)).status is Status.COMPLETED
    await watch.tell(HEX, "mend the second test")
    states = [await look(watch) for _ in range(RESUMING_LOOKS + 1)]
    assert {state.status for state in states} == {Status.RUNNING}
    show(server, "finished")
    assert (await look(watch)).status is Status.COMPLETED


async def test_an_agent_that_ended_between_two_looks_has_ended(
    watched: Watched,
) -> None:
    server, watch = watched
    show(server, "finished")
    await watch.tell(HEX, "mend the second test")
    server.conversations[KEY_OF_IT].pop("resuming")
    states = [(await look(watch)).status for _ in range(LOOKS_AFTER_TELLING + 1)]
    assert states == [Status.RUNNING] * LOOKS_AFTER_TELLING + [Status.COMPLETED]


async def test_a_message_is_told_once_by_whoever_tells_it(watched: Watched) -> None:
    server, watch = watched
    await watch.tell(HEX, "mend the second test")
    async with AgentServerClient(server.url, KEY, HASTE) as client:
        await ConversationWatch(client, lambda _: None).tell(HEX, "mend the second test")
        await ConversationWatch(client, lambda _: None).tell(HEX, "mend the third test")
    assert len(server.said[KEY_OF_IT]) == 2
