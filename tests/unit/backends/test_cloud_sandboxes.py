"""Which addresses of sandboxes are trusted, and what is remembered of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from openhands_testgen.backends.cloud_sandboxes import Sandboxes
from openhands_testgen.clients.cloud_answers import Conversation
from openhands_testgen.errors import BackendError, BackendUnreachableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio
CALLS = "/api/conversations/1"


def make_conversation(url: str | None, key: str | None = "planted-session-key") -> Conversation:
    return Conversation.model_validate(
        {"id": f"{1:032x}", "sandbox_id": "s", "conversation_url": url, "session_api_key": key}
    )


@pytest.fixture
async def learned() -> list[str]:
    return []


@pytest.fixture
async def sandboxes(learned: list[str]) -> AsyncIterator[Sandboxes]:
    running = Sandboxes(learned.append, needs_tls=False)
    yield running
    await running.aclose()


@pytest.mark.parametrize(
    ("url", "is_trusted"),
    [
        (f"https://sandbox.example{CALLS}", True),
        (f"https://sandbox.example:8443/below{CALLS}", True),
        (f"http://sandbox.example{CALLS}", False),
        (f"ftp://sandbox.example{CALLS}", False),
        (f"https://user:password@sandbox.example{CALLS}", False),
        ("https://sandbox.example", False),
        ("", False),
        (None, False),
    ],
)
async def test_behind_tls_a_sandbox_is_too(
    url: str | None, is_trusted: bool, learned: list[str]
) -> None:
    sandboxes = Sandboxes(learned.append, needs_tls=True)
    client = sandboxes.reach(make_conversation(url))
    assert (client is not None) is is_trusted
    await sandboxes.aclose()


async def test_a_key_is_masked_once_before_it_is_used(
    sandboxes: Sandboxes, learned: list[str]
) -> None:
    conversation = make_conversation(f"http://sandbox.example{CALLS}")
    assert sandboxes.reach(conversation) is sandboxes.reach(conversation) is not None
    assert learned == ["planted-session-key"]


async def test_another_key_is_another_client(sandboxes: Sandboxes, learned: list[str]) -> None:
    url = f"http://sandbox.example{CALLS}"
    clients = {sandboxes.reach(make_conversation(url, key)) for key in ("key-one", "key-two")}
    assert len(clients) == 2
    assert learned == ["key-one", "key-two"]


async def test_one_that_does_not_answer_is_not_asked_again(sandboxes: Sandboxes) -> None:
    conversation = make_conversation(f"http://sandbox.example{CALLS}")
    sandboxes.note(conversation, BackendError("it answered nonsense"))
    assert sandboxes.reach(conversation) is not None
    sandboxes.note(conversation, BackendUnreachableError("it does not answer"))
    assert sandboxes.reach(conversation) is None
