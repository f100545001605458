"""The calls of OpenHands Cloud, or a self-hosted app server (API V1, 1.11.0), thin and typed.

Answers that look like success and are none are told apart by those who know what must be there:
a file that is missing or cannot be read is ``""``, a folder that is no repository has no changes.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import quote
from uuid import UUID

from pydantic import TypeAdapter

from openhands_testgen.clients.cloud_answers import (
    Conversation,
    EventPage,
    GitChange,
    StartTask,
    StartTaskPage,
)
from openhands_testgen.clients.http import (
    BUSY,
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
    from collections.abc import Sequence

    import httpx

    from openhands_testgen.clients.agent_server import Event

type Scheme = Literal["bearer", "session"]

MAX_IDS_IN_A_REQUEST = 99
NEWEST_START_TASKS = 100
# A self-hosted server takes 10 requests a second and refuses the rest for a second.
PATIENCE = Patience(tries=5)
_CONVERSATIONS = "/api/v1/app-conversations"
_START_TASKS = f"{_CONVERSATIONS}/start-tasks"
_EVENTS = "/api/v1/conversation"  # singular, unlike the others
_SANDBOXES = "/api/v1/sandboxes"
_HINT = "Is `cloud-url` an OpenHands app server with API V1?"


_START_TASK_LIST = TypeAdapter(list[StartTask | None])
_CONVERSATION_LIST = TypeAdapter(list[Conversation | None])
_CHANGE_LIST = TypeAdapter(list[GitChange])
_TEXT = TypeAdapter(str)
_COUNT = TypeAdapter(int)


class CloudClient:
    """Speaks to OpenHands Cloud or a self-hosted app server.

    Ids are 32 hex digits. Raises from every call: ``AuthenticationError`` (401, 403),
    ``BackendUnreachableError`` (no connection, no answer in time, 429, 5xx), ``TaskIdError`` (a
    conversation or sandbox that is gone), ``BackendError`` (an answer against the contract).
    """

    def __init__(
        self, base_url: str, key: str, scheme: Scheme, patience: Patience | None = None
    ) -> None:
        """Take the address and the key, which travels in a header only: as ``scheme`` says.

        Raises:
            ConfigurationError: the address is none.

        """
        address = check_address(base_url, "cloud-url")
        self._http = HttpService(address, _render_key(key, scheme), patience or PATIENCE, self)
        self.is_encrypted = address.scheme == "https"

    async def __aenter__(self) -> Self:
        """Open."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def get_page(self, conversation_id: str) -> str:
        """Return the page on which people watch a conversation."""
        return f"{self._http.place.rstrip('/')}/conversations/{conversation_id}"

    async def start(self, body: dict[str, object]) -> StartTask:
        """Start a conversation and return its start task at once.

        It is not repeated unless the server refused it: whoever calls must look first whether the
        server took it after all.
        """
        response = await self._http.send("POST", _CONVERSATIONS, json=body, repeat=Repeat.REFUSED)
        return _parse(StartTask, response)

    async def find_newest_start_tasks(self) -> list[StartTask]:
        """Return the 100 newest start tasks, newest first.

        The server can look for a conversation id as well, but finds only what has started.
        """
        params = {"limit": NEWEST_START_TASKS, "sort_order": "CREATED_AT_DESC"}
        response = await self._http.send("GET", f"{_START_TASKS}/search", params=params)
        return _parse(StartTaskPage, response).items

    async def get_start_tasks(self, ids: Sequence[str]) -> list[StartTask | None]:
        """Return up to 99 start tasks in one request; ``None`` for an unknown id."""
        response = await self._http.send("GET", _START_TASKS, params={"ids": _dash(ids)})
        return _check_length(_parse(_START_TASK_LIST, response), ids)

    async def get_conversations(self, ids: Sequence[str]) -> list[Conversation | None]:
        """Return up to 99 conversations; ``None`` for one that is unknown, starting or deleted."""
        response = await self._http.send("GET", _CONVERSATIONS, params={"ids": _dash(ids)})
        return _check_length(_parse(_CONVERSATION_LIST, response), ids)

    async def get_newest_events(
        self, conversation_id: str, kind: str, *, limit: int = 1
    ) -> list[Event]:
        """Return the newest events of a kind that the server has heard of, newest first."""
        params = {"kind__eq": kind, "sort_order": "TIMESTAMP_DESC", "limit": limit}
        path = f"{_EVENTS}/{UUID(conversation_id)}/events/search"
        return _parse(EventPage, await self._http.send("GET", path, params=params)).items

    async def get_event_count(self, conversation_id: str, kind: str) -> int:
        """Return how many events of a kind the server has heard of."""
        path = f"{_EVENTS}/{UUID(conversation_id)}/events/count"
        return _parse(_COUNT, await self._http.send("GET", path, params={"kind__eq": kind}))

    async def read_file(self, conversation_id: str, path: str) -> str:
        """Return a text file of the sandbox; ``""`` also if it is missing or cannot be read."""
        address = f"{_CONVERSATIONS}/{UUID(conversation_id)}/file"
        return _parse(_TEXT, await self._http.send("GET", address, params={"file_path": path}))

    async def get_changes(self, conversation_id: str, repository: str, ref: str) -> list[GitChange]:
        """Return what differs from ``ref``; nothing also where there is no repository.

        Raises:
            BackendError: the repository does not have ``ref``.

        """
        path = f"{_CONVERSATIONS}/{UUID(conversation_id)}/git/changes"
        params = {"path": repository, "ref": ref}
        response = await self._http.send(
            "GET", path, params=params, accept={HTTPStatus.BAD_GATEWAY}
        )
        if not response.is_success:  # the sandbox's own refusal, and no passing fault
            message = f"The sandbox cannot compare {repository} with {ref}: {response.text[:300]}"
            raise BackendError(message)
        return _parse(_CHANGE_LIST, response)

    async def download_trajectory(self, conversation_id: str) -> bytes:
        """Return the conversation's record as a zip archive."""
        return (
            await self._http.send(
                "GET", f"{_CONVERSATIONS}/{UUID(conversation_id)}/download", is_json=False
            )
        ).content

    async def rename(self, conversation_id: str, title: str) -> None:
        """Give a conversation a title."""
        await self._http.send(
            "PATCH", f"{_CONVERSATIONS}/{UUID(conversation_id)}", json={"title": title}
        )

    async def send_message(self, conversation_id: str, text: str) -> None:
        """Tell the agent something and let it run."""
        content = [{"type": "text", "text": text}]
        body = {"role": "user", "content": content, "run": True}
        path = f"{_CONVERSATIONS}/{UUID(conversation_id)}/send-message"
        await self._http.send("POST", path, json=body, repeat=Repeat.REFUSED)

    async def pause_sandbox(self, sandbox_id: str) -> None:
        """Freeze a sandbox with all that runs in it."""
        await self._http.send("POST", f"{_SANDBOXES}/{_quote(sandbox_id)}/pause")

    async def resume_sandbox(self, sandbox_id: str) -> None:
        """Wake a sandbox; its key is another one then."""
        await self._http.send("POST", f"{_SANDBOXES}/{_quote(sandbox_id)}/resume")

    async def delete_sandbox(self, sandbox_id: str) -> None:
        """Remove a sandbox; one that is gone is no fault."""
        await self._http.send(
            "DELETE",
            f"{_SANDBOXES}/{_quote(sandbox_id)}",
            params={"sandbox_id": sandbox_id},  # the server reads this one
            accept={HTTPStatus.NOT_FOUND},
        )

    def explain_silence(self, reason: str) -> str:
        """Say that the server does not answer."""
        return (
            f"OpenHands at {self._http.place} does not answer ({reason}). "
            "Check the network and `cloud-url`."
        )

    def explain_refusal(self, response: httpx.Response, path: str) -> Exception:
        """Turn a refusal into an error that says what the user must do."""
        status = response.status_code
        place = f"OpenHands at {self._http.place}"
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return AuthenticationError(
                f"{place} refuses the key ({status}). Set `cloud-api-key` (OPENHANDS_API_KEY) to "
                "a key of this OpenHands; a self-hosted one takes it with `cloud-auth: session`."
            )
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return BackendUnreachableError(
                f"{place} takes no more requests now (429). Submit or collect again later, or "
                "hand over fewer modules at once.",
                retry_after_seconds=read_retry_after(response),
            )
        if status in BUSY:
            return BackendUnreachableError(
                f"{place} failed on {path} ({status}). Try again later.",
                retry_after_seconds=read_retry_after(response),
            )
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE} and _names_one_thing(path):
            return TaskIdError(f"{place} no longer has what {path} names ({status}).")
        return BackendError(f"{place} answered {path} with {status}. {_HINT}")


def _names_one_thing(path: str) -> bool:
    """Whether 404 means that one conversation or sandbox is gone, not that the address is wrong."""
    return not path.startswith(_START_TASKS) and path.startswith(
        (f"{_CONVERSATIONS}/", f"{_EVENTS}/", f"{_SANDBOXES}/")
    )


def _render_key(key: str, scheme: Scheme) -> dict[str, str]:
    if not key:
        return {}
    return {"Authorization": f"Bearer {key}"} if scheme == "bearer" else {"X-Session-API-Key": key}


def _dash(ids: Sequence[str]) -> list[str]:
    return [str(UUID(one)) for one in ids]


def _quote(name: str) -> str:
    return quote(name, safe="")


def _parse[Content](
    form: type[Content] | TypeAdapter[Content], response: httpx.Response
) -> Content:
    return parse(form, response, whose="OpenHands'", hint=_HINT)


def _check_length[Item](answers: list[Item], ids: Sequence[str]) -> list[Item]:
    if len(answers) != len(ids):
        message = f"OpenHands answered {len(answers)} of {len(ids)} ids. {_HINT}"
        raise BackendError(message)
    return answers
