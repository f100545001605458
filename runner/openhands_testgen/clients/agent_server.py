"""The calls of the OpenHands agent server 1.58.0 that this project makes, thin and typed.

Every call here may be repeated without harm (a create carries our own conversation id), so each is
tried a few times before the error is the caller's.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from pydantic import Field, TypeAdapter

from openhands_testgen.clients.http import (
    BUSY,
    Answer,
    HttpService,
    Patience,
    Repeat,
    check_address,
    parse,
    read_retry_after,
)
from openhands_testgen.errors import (
    AuthenticationError,
    BackendError,
    BackendUnreachableError,
    TaskIdError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

MAX_IDS_IN_A_REQUEST = 99
_HINT = "Is `server-url` an OpenHands agent server 1.58?"


class TokenCount(Answer):
    """Tokens of one use of the model."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Usage(Answer):
    """What one use of the model has cost; 0 with tokens means that the price is not known."""

    accumulated_cost: float = 0.0
    accumulated_token_usage: TokenCount | None = None


class Stats(Answer):
    """Usage by purpose (``agent``, ``condenser``)."""

    usage_to_metrics: dict[str, Usage] = Field(default_factory=dict)


class Workspace(Answer):
    """Where the agent works."""

    working_dir: str = ""


class UsedModel(Answer):
    """The language model of an agent."""

    model: str = ""
    base_url: str | None = None


class Agent(Answer):
    """The agent of a conversation."""

    llm: UsedModel = Field(default_factory=UsedModel)


class ConversationInfo(Answer):
    """A conversation as the server shows it; ``execution_status`` may be a word we do not know."""

    id: str
    execution_status: str | None = None
    workspace: Workspace = Field(default_factory=Workspace)
    stats: Stats | None = None
    agent: Agent = Field(default_factory=Agent)
    created_at: str | None = None
    updated_at: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)


class Action(Answer):
    """What an agent wants done; only the parts that make a line of progress."""

    kind: str = ""
    command: str | None = None
    path: str | None = None
    message: str | None = None


class Content(Answer):
    """A part of what was said."""

    text: str = ""


class Said(Answer):
    """What somebody said."""

    role: str = ""
    content: list[Content] = Field(default_factory=list)

    @property
    def text(self) -> str:
        """All parts."""
        return "".join(part.text for part in self.content)


class Event(Answer):
    """An event of a conversation; ``code`` and ``detail`` belong to errors."""

    kind: str = ""
    timestamp: str = ""
    summary: str | None = None
    action: Action | None = None
    code: str | None = None
    detail: str | None = None
    key: str | None = None
    llm_message: Said | None = None


class _EventPage(Answer):
    items: list[Event] = Field(default_factory=list)


class _FinalResponse(Answer):
    response: str = ""


class CommandOutput(Answer):
    """The end of a shell command; ``exit_code`` is ``None`` when it ran into its time limit."""

    exit_code: int | None = None
    stdout: str | None = None
    stderr: str | None = None


_CONVERSATIONS = TypeAdapter(list[ConversationInfo | None])
_COUNT = TypeAdapter(int)


class AgentServerClient:
    """Speaks to one agent server.

    Raises from every call: ``AuthenticationError`` (401, 403), ``BackendUnreachableError`` (no
    connection, no answer in time, 429, 5xx), ``BackendError`` (an answer against the contract).
    """

    def __init__(self, base_url: str, session_key: str, patience: Patience | None = None) -> None:
        """Take the server's address and its session key, which travels in a header only.

        Raises:
            ConfigurationError: the address is none.

        """
        headers = {"X-Session-API-Key": session_key} if session_key else {}
        address = check_address(base_url, "server-url")
        self._http = HttpService(address, headers, patience or Patience(), self)

    async def __aenter__(self) -> Self:
        """Open."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def is_ready(self) -> bool:
        """Whether the server takes requests now; never raises for a server that is not there."""
        return await self._http.probe("/ready")

    async def create_conversation(self, body: dict[str, object]) -> ConversationInfo:
        """Create a conversation, or return the one that runs under the same id."""
        return _parse(
            ConversationInfo, await self._http.send("POST", "/api/conversations", json=body)
        )

    async def get_conversations(self, ids: Sequence[str]) -> list[ConversationInfo | None]:
        """Return up to 99 conversations in one request; ``None`` for an unknown id."""
        response = await self._http.send("GET", "/api/conversations", params={"ids": list(ids)})
        return _parse(_CONVERSATIONS, response)

    async def get_events(
        self, conversation_id: str, *, limit: int = 100, newest_first: bool = False, kind: str = ""
    ) -> list[Event]:
        """Return one page of events."""
        order = "TIMESTAMP_DESC" if newest_first else "TIMESTAMP"
        params: dict[str, str | int] = {"limit": limit, "sort_order": order}
        if kind:
            params["kind"] = kind
        path = f"/api/conversations/{conversation_id}/events/search"
        return _parse(_EventPage, await self._http.send("GET", path, params=params)).items

    async def get_event_count(self, conversation_id: str, kind: str) -> int:
        """Return how many events of a kind there are."""
        path = f"/api/conversations/{conversation_id}/events/count"
        return _parse(_COUNT, await self._http.send("GET", path, params={"kind": kind}))

    async def get_final_response(self, conversation_id: str) -> str:
        """Return the agent's last words."""
        path = f"/api/conversations/{conversation_id}/agent_final_response"
        return _parse(_FinalResponse, await self._http.send("GET", path)).response

    async def run(self, conversation_id: str) -> bool:
        """Let the agent go on, and return whether that was needed: it may run already (409)."""
        path = f"/api/conversations/{conversation_id}/run"
        response = await self._http.send("POST", path, accept={HTTPStatus.CONFLICT})
        return response.status_code != HTTPStatus.CONFLICT

    async def switch_model(self, conversation_id: str, model: Mapping[str, object]) -> None:
        """Put another language model in place of the conversation's own."""
        path = f"/api/conversations/{conversation_id}/switch_llm"
        await self._http.send("POST", path, json={"llm": model})

    async def send_message(self, conversation_id: str, text: str) -> None:
        """Say something to the agent and let it go on."""
        body = {"role": "user", "content": [{"type": "text", "text": text}], "run": True}
        path = f"/api/conversations/{conversation_id}/events"
        await self._http.send("POST", path, json=body, repeat=Repeat.REFUSED)

    async def interrupt(self, conversation_id: str) -> None:
        """Stop the agent at once, inside a command too."""
        await self._http.send("POST", f"/api/conversations/{conversation_id}/interrupt")

    async def upload(self, path: str, content: bytes) -> None:
        """Write a file on the server's machine."""
        files = {"file": ("file", content)}
        await self._http.send("POST", "/api/file/upload", params={"path": path}, files=files)

    async def download(self, path: str) -> bytes:
        """Return the bytes of a file on the server's machine."""
        return (
            await self._http.send("GET", "/api/file/download", params={"path": path}, is_json=False)
        ).content

    async def download_trajectory(self, conversation_id: str) -> bytes:
        """Return the conversation's record as a zip archive."""
        return (
            await self._http.send(
                "GET", f"/api/file/download-trajectory/{conversation_id}", is_json=False
            )
        ).content

    async def run_command(self, command: str, *, timeout_seconds: int = 60) -> CommandOutput:
        """Run a shell command on the server's machine."""
        body = {"command": command, "timeout": timeout_seconds}
        path = "/api/bash/execute_bash_command"
        return _parse(CommandOutput, await self._http.send("POST", path, json=body))

    def explain_silence(self, reason: str) -> str:
        """Say that the server does not answer."""
        return (
            f"The agent server at {self._http.place} does not answer ({reason}). "
            "Check that it runs and that `server-url` is right."
        )

    def explain_refusal(self, response: httpx.Response, path: str) -> Exception:
        """Turn a refusal into an error that says what the user must do."""
        status = response.status_code
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return AuthenticationError(
                f"The agent server at {self._http.place} refuses the key ({status}). "
                "Set `api-key` to the server's session key."
            )
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return BackendUnreachableError(
                f"The agent server at {self._http.place} runs as many conversations as it may "
                "(429). Submit again later, or raise OH_MAX_CONCURRENT_RUNS there.",
                retry_after_seconds=read_retry_after(response),
            )
        if status in BUSY:
            return BackendUnreachableError(
                f"The agent server at {self._http.place} failed on {path} ({status}). "
                "Look at its log, then try again.",
                retry_after_seconds=read_retry_after(response),
            )
        if status == HTTPStatus.NOT_FOUND and path.startswith("/api/conversations/"):
            return TaskIdError(
                f"The agent server at {self._http.place} does not know this task (404). "
                "Was it submitted to another server, or deleted there?"
            )
        return BackendError(
            f"The agent server at {self._http.place} answered {path} with {status}. {_HINT}"
        )


def _parse[Content](
    form: type[Content] | TypeAdapter[Content], response: httpx.Response
) -> Content:
    return parse(form, response, whose="the agent server's", hint=_HINT)
