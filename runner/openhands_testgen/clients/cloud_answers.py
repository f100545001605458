"""What OpenHands Cloud's app server answers (API V1, 1.11.0), as far as this project reads it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field, SecretStr

from openhands_testgen.clients.agent_server import Event, TokenCount
from openhands_testgen.clients.http import Answer


def _to_hex(value: object) -> object:
    """Ids come with dashes and without; here they have none."""
    return UUID(value).hex if isinstance(value, str) else value


type Identifier = Annotated[str, BeforeValidator(_to_hex)]


class StartRequest(Answer):
    """What was asked for, as a start task remembers it."""

    conversation_id: Annotated[str | None, BeforeValidator(_to_hex)] = None
    title: str | None = None


class StartTask(Answer):
    """The start of a conversation; ``status`` may be a word that we do not know."""

    id: Identifier
    status: str = "WORKING"
    detail: str | None = None
    sandbox_id: str | None = None
    request: StartRequest = Field(default_factory=StartRequest)
    created_at: str | None = None
    updated_at: str | None = None


class Metrics(Answer):
    """What a conversation has cost; 0 does not mean that it was free."""

    accumulated_cost: float = 0.0
    accumulated_token_usage: TokenCount | None = None


class Conversation(Answer):
    """A conversation and its sandbox.

    ``execution_status`` is there only while the sandbox runs; so are ``conversation_url``, its
    address on the sandbox's own agent server, and the key to it.
    """

    id: Identifier
    sandbox_id: str
    sandbox_status: str = "MISSING"
    execution_status: str | None = None
    title: str | None = None
    selected_repository: str | None = None
    selected_branch: str | None = None
    metrics: Metrics | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    created_at: str | None = None
    updated_at: str | None = None
    conversation_url: str | None = None
    session_api_key: SecretStr | None = None


class GitChange(Answer):
    """One path that differs; ``status`` is ADDED, UPDATED, DELETED or MOVED."""

    status: str
    path: str


class StartTaskPage(Answer):
    """A page of start tasks."""

    items: list[StartTask] = Field(default_factory=list)


class EventPage(Answer):
    """A page of events."""

    items: list[Event] = Field(default_factory=list)
