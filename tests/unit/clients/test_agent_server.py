"""The client against a faulty server: every fault becomes an error that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from openhands_testgen.clients.agent_server import AgentServerClient
from openhands_testgen.clients.http import Patience
from openhands_testgen.errors import (
    AuthenticationError,
    BackendError,
    BackendUnreachableError,
    ConfigurationError,
    GenerationError,
    TaskIdError,
)
from tests.fakes.agent_server import KEY, FakeAgentServer, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.anyio
HASTE = Patience(request_seconds=0.5, connect_seconds=0.5, first_retry_seconds=0.01)
ID = "00000000-0000-0000-0000-000000000007"


@pytest.fixture
def server() -> Iterator[FakeAgentServer]:
    with FakeAgentServer() as running:
        yield running


async def ask(server: FakeAgentServer, key: str = KEY) -> list[object]:
    async with AgentServerClient(server.url, key, HASTE) as client:
        return list(await client.get_conversations([ID]))


async def test_an_unknown_conversation_is_none(server: FakeAgentServer) -> None:
    assert await ask(server) == [None]


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        (Fault(status=401), AuthenticationError, r"refuses the key \(401\).*`api-key`"),
        (Fault(status=403), AuthenticationError, r"refuses the key \(403\)"),
        (Fault(status=429), BackendUnreachableError, r"as many conversations as it may \(429\)"),
        (Fault(status=500), BackendUnreachableError, r"failed on /api/conversations \(500\)"),
        (Fault(status=503), BackendUnreachableError, r"\(503\)"),
        (Fault(status=404), BackendError, "answered /api/conversations with 404"),
        (Fault(status=302), BackendError, "with 302"),
        (Fault(kind="garbage"), BackendError, "something else than the agent server's contract"),
        (Fault(kind="cut"), BackendUnreachableError, "does not answer"),
        (Fault(kind="hang"), BackendUnreachableError, r"does not answer \(time-out\)"),
    ],
)
async def test_faults(
    server: FakeAgentServer, fault: Fault, error: type[GenerationError], message: str
) -> None:
    server.faults.append(fault)
    with pytest.raises(error, match=message) as caught:
        await ask(server)
    assert type(caught.value) is error


@pytest.mark.parametrize("kind", ["status", "cut", "hang"])
async def test_a_passing_fault_is_ridden_out(server: FakeAgentServer, kind: str) -> None:
    fault = Fault(status=503) if kind == "status" else Fault(kind=kind)
    fault.times = HASTE.tries - 1
    server.faults.append(fault)
    assert await ask(server) == [None]
    assert len(server.requests) == HASTE.tries


async def test_what_cannot_pass_is_not_repeated(server: FakeAgentServer) -> None:
    with pytest.raises(AuthenticationError):
        await ask(server, key="wrong")
    assert len(server.requests) == 1


async def test_retry_after_reaches_the_caller(server: FakeAgentServer) -> None:
    server.faults.append(Fault(status=429, headers={"Retry-After": "0"}))
    with pytest.raises(BackendUnreachableError) as caught:
        await ask(server)
    assert caught.value.retry_after_seconds == 0


async def test_a_task_that_is_gone_is_an_unknown_id(server: FakeAgentServer) -> None:
    server.faults.append(Fault(status=404))
    async with AgentServerClient(server.url, KEY, HASTE) as client:
        with pytest.raises(TaskIdError, match="does not know this task"):
            await client.interrupt(ID)


async def test_nobody_there() -> None:
    async with AgentServerClient("http://127.0.0.1:9", KEY, HASTE) as client:
        assert not await client.is_ready()
        with pytest.raises(BackendUnreachableError, match="Check that it runs") as caught:
            await client.get_conversations([ID])
    assert caught.value.__cause__ is not None


async def test_errors_never_show_the_key(server: FakeAgentServer) -> None:
    server.faults.append(Fault(status=401))
    with pytest.raises(AuthenticationError) as caught:
        await ask(server, key="planted-secret-key")
    assert "planted-secret-key" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["", "localhost:8000", "ftp://x", "http://", "http://u:p@host", "x y"]
)
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^server-url: ") as caught:
        AgentServerClient(address, KEY)
    assert "u:p" not in str(caught.value)
