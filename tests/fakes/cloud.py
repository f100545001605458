"""A fake OpenHands Cloud: an app server over real HTTP, with the quirks that were measured.

It starts conversations on the agent server of a sandbox by that server's own calls, as the real
one does, so that a fake agent server and a real one serve alike. All sandboxes are that one server.
Every request, and every answer, is judged by the contract.
"""

from __future__ import annotations

import copy
import json
import shlex
import ssl
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import httpx

from tests.fakes.agent_server import FakeAgentServer
from tests.fakes.contract import Contract
from tests.fakes.http import FakeServer, Request

KEY = "planted-cloud-key"
NOWHERE = "http://127.0.0.1:9"
TRAJECTORY = b"PK\x03\x04 from the service"
_CONTRACT = Contract()
# Without TLS nobody's certificates are needed, and loading them takes longer than a request. No
# connection is kept, so that none outlives a sandbox's server.
_HTTP = httpx.Client(
    timeout=120,
    verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    limits=httpx.Limits(max_keepalive_connections=0),
)
_API = "/api/v1"


class Sandbox(Protocol):
    """The agent server inside of the sandboxes."""

    key: str

    @property
    def url(self) -> str:
        """Its address."""


@dataclass
class FakeCloud(FakeServer):
    """A start passes through ``start_script``, one status each time that its conversation is asked
    for, and ends well, or with ``start_error``.

    ``clones`` are the repositories that can be cloned: files for a fake agent server, a folder
    with a repository for a real one; others fail in silence. While it ``stands_still`` no start
    goes on. ``models`` are addresses and keys of
    models by name. ``is_hidden`` sandboxes have an address that cannot be reached. Without
    ``hears_events`` the service has none. ``metrics`` are those of every conversation.
    """

    sandbox: Sandbox = field(default_factory=FakeAgentServer)
    key: str = KEY
    scheme: str = "bearer"
    start_script: tuple[str, ...] = ("WAITING_FOR_SANDBOX", "STARTING_CONVERSATION")
    start_error: str = ""
    clones: dict[str, dict[str, bytes] | Path] = field(default_factory=dict)
    projects: str = "/workspace/project"
    models: dict[str, tuple[str, str]] = field(default_factory=dict)
    stands_still: bool = False
    is_hidden: bool = False
    hears_events: bool = True
    cost: float = 0.0
    starts: list[dict[str, object]] = field(default_factory=list)
    conversations: dict[str, dict[str, object]] = field(default_factory=dict)
    sandboxes: dict[str, str] = field(default_factory=dict)
    posted: list[dict[str, object]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    is_judged: bool = True
    _door: threading.RLock = field(default_factory=threading.RLock)

    def answer(self, request: Request) -> tuple[int, object]:
        """Answer a request with the right key, and judge it by the contract."""
        with self._door:
            if not self._is_authorized(request):
                return 401, {"detail": "Unauthorized"}
            body = json.loads(request.body) if request.body else None
            wrong = _CONTRACT.judge_request(request.method, request.path, request.query, body)
            self.violations += wrong
            if wrong:
                return 422, {"detail": wrong}
            status, content = self._route(request, request.path.removeprefix(_API).split("/")[1:])
            if status == 200 and self.is_judged and not isinstance(content, bytes):
                judged = _CONTRACT.judge_answer(request.method, request.path, status, content)
                self.violations += judged
            return status, content

    def _is_authorized(self, request: Request) -> bool:
        if self.scheme == "bearer":
            return request.headers.get("authorization") == f"Bearer {self.key}"
        return request.headers.get("x-session-api-key") == self.key

    def _route(  # noqa: C901, PLR0911, PLR0912 - one line a call
        self, request: Request, parts: list[str]
    ) -> tuple[int, object]:
        query = request.query
        match request.method, parts:
            case "POST", ["app-conversations"]:
                return self._start(request.json)
            case "GET", ["app-conversations"]:
                return self._show_conversations(query["ids"])
            case "GET", ["app-conversations", "start-tasks"]:
                return 200, [self._show_start(uuid.UUID(one).hex) for one in query["ids"]]
            case "GET", ["app-conversations", "start-tasks", "search"]:
                return self._search_starts(query)
            case "PATCH", ["app-conversations", key]:
                return self._update(_hex(key), request.json)
            case "DELETE", ["app-conversations", key]:
                return self._delete(_hex(key))
            case "GET", ["app-conversations", key, "file"]:
                return 200, self._read_file(_hex(key), query["file_path"][0])
            case "GET", ["app-conversations", key, "git", "changes"]:
                return self._ask_git(_hex(key), query)
            case "GET", ["app-conversations", _, "download"]:
                return 200, TRAJECTORY
            case "POST", ["app-conversations", key, "send-message"]:
                return self._send_message(_hex(key), request.json)
            case "GET", ["conversation", key, "events", what]:
                return self._show_events(_hex(key), what, query)
            case "POST", ["sandboxes", key, "pause" | "resume" as verb]:
                return self._switch(key, verb)
            case "DELETE", ["sandboxes", _]:
                return self._remove(query["sandbox_id"][0])
        return 404, {"detail": "Not Found"}

    def _start(self, body: dict[str, object]) -> tuple[int, object]:
        """Accept a start; a conversation id that is running already ends in an error."""
        self.posted.append(body)
        conversation = str(body["conversation_id"])
        task: dict[str, object] = {
            "id": uuid.uuid4().hex,
            "created_by_user_id": None,
            "status": "WORKING",
            "detail": None,
            "app_conversation_id": None,
            "sandbox_id": None,
            "agent_server_url": None,
            "request": {**_REQUEST, **_complete(body)},
            "created_at": _now() + "Z",
            "updated_at": _now() + "Z",
        }
        if uuid.UUID(conversation).hex in self.sandboxes:
            task["detail"] = "500: a sandbox of this name exists"
        self.starts.append(task)
        return 200, copy.deepcopy(task)

    def _show_start(self, key: str) -> object:
        task = next((one for one in self.starts if one["id"] == key), None)
        if task is None:
            return None
        # As measured: times in UTC that do not say so, unlike in the answer to the start.
        times = {name: str(task[name]).rstrip("Z") for name in ("created_at", "updated_at")}
        return {**task, **times}

    def _go_on(self, task: dict[str, object]) -> None:
        """Bring a start one status further, and the conversation to life at the end."""
        if self.stands_still or task["status"] in {"READY", "ERROR"}:
            return
        if task["detail"]:
            task.update(status="ERROR")
            return
        script = ["WORKING", *self.start_script]
        place = script.index(str(task["status"])) + 1
        key = _hex(_dict(task["request"])["conversation_id"])
        if place < len(script):
            if task["sandbox_id"] is None:
                self.sandboxes[key] = "STARTING"
            task.update(status=script[place], sandbox_id=key)
        elif self.start_error or self.sandboxes.get(key) is None:
            detail = self.start_error or f"500: Sandbox not found: {key}"
            task.update(status="ERROR", detail=detail)
        else:
            self._begin(key, _dict(task["request"]))
            task.update(status="READY", sandbox_id=key, app_conversation_id=key)

    def _begin(self, key: str, asked: dict[str, object]) -> None:
        repository = str(asked["selected_repository"] or "")
        base = self.projects if isinstance(self.sandbox, FakeAgentServer) else self._group(key)
        folder = f"{base}/{repository.rpartition('/')[2]}" if repository else base
        self._clone(repository, str(asked["selected_branch"]), folder)
        base_url, model_key = self.models.get(str(asked["llm_model"]), ("", ""))
        self._call(
            "POST",
            "/api/conversations",
            json={
                "conversation_id": str(uuid.UUID(key)),
                "agent": {
                    "kind": "Agent",
                    "llm": {
                        "model": asked["llm_model"] or "openai/of-the-user",
                        "usage_id": "agent",
                        "num_retries": 1,
                        **({"base_url": base_url, "api_key": model_key} if base_url else {}),
                    },
                    "tools": [{"name": "terminal"}, {"name": "file_editor"}],
                },
                "workspace": {"kind": "LocalWorkspace", "working_dir": folder},
                "autotitle": False,
                "initial_message": asked["initial_message"],
            },
        )
        self.sandboxes[key] = "RUNNING"
        self.conversations[key] = {
            **_CONVERSATION,
            "id": key,
            "sandbox_id": key,
            "selected_repository": asked["selected_repository"],
            "selected_branch": asked["selected_branch"],
            "git_provider": asked["git_provider"],
            "title": f"Conversation {key[:5]}",
            "llm_model": asked["llm_model"] or "openai/of-the-user",
            "tags": {"archiveworkspacepath": base},
            "created_at": _now() + "Z",
        }

    def _group(self, key: str) -> str:
        return f"{self.projects}/{key}"

    def _clone(self, repository: str, branch: str, folder: str) -> None:
        """Clone what can be cloned; what cannot is only a line in the service's log."""
        source = self.clones.get(repository)
        if isinstance(self.sandbox, FakeAgentServer):
            self.sandbox.is_repository = not repository or source is not None
            self.sandbox.standing |= source if isinstance(source, dict) else {}
            return
        command = f"mkdir -p {shlex.quote(str(Path(folder).parent))}"
        if source is not None:
            address = shlex.quote(f"file://{source}")
            command += f" && git clone -q --depth 1 --branch {branch} {address} {folder}"
        self._call("POST", "/api/bash/execute_bash_command", json={"command": command})

    def _show_conversations(self, ids: list[str]) -> tuple[int, object]:
        try:
            keys = [uuid.UUID(one).hex for one in ids]
        except ValueError:
            return 400, {"detail": f"Invalid UUID format for ids: {ids}"}
        if len(keys) > 99:
            return 400, {"detail": "Too many ids requested. Maximum is 99."}
        for task in self.starts:
            if _hex(_dict(task["request"])["conversation_id"]) in keys:
                self._go_on(task)
        return 200, [self._show(key) for key in keys]

    def _show(self, key: str) -> object:
        shown = self.conversations.get(key)
        if shown is None:
            return None
        sandbox = self.sandboxes.get(key, "MISSING")
        live: dict[str, object] = {"sandbox_status": sandbox, "updated_at": _now() + "Z"}
        if sandbox == "RUNNING":
            (info,) = self._call(
                "GET", "/api/conversations", params={"ids": str(uuid.UUID(key))}
            ).json()
            address = NOWHERE if self.is_hidden else self.sandbox.url
            live |= {
                "execution_status": info["execution_status"],
                "conversation_url": f"{address}/api/conversations/{key}",
                "session_api_key": self.sandbox.key,
            }
        metrics = {**_dict(_CONVERSATION["metrics"]), "accumulated_cost": self.cost}
        return {**shown, **live, "metrics": metrics}

    def _search_starts(self, query: dict[str, list[str]]) -> tuple[int, object]:
        """As measured: a conversation id finds only what is ready."""
        found = self.starts
        if "conversation_id__eq" in query:
            key = _hex(query["conversation_id__eq"][0])
            found = [one for one in found if one["app_conversation_id"] == key]
        newest = query.get("sort_order", ["CREATED_AT_DESC"])[0] == "CREATED_AT_DESC"
        found = found[::-1] if newest else found
        return 200, {"items": found[: int(query.get("limit", ["100"])[0])], "next_page_id": None}

    def _update(self, key: str, body: dict[str, object]) -> tuple[int, object]:
        if key not in self.conversations:
            return 404, {"detail": "Not Found"}
        self.conversations[key].update(body)
        return 200, self._show(key)

    def _delete(self, key: str) -> tuple[int, object]:
        if self.conversations.pop(key, None) is None:
            return 404, {"detail": "Conversation not found"}
        self.starts = [one for one in self.starts if one["app_conversation_id"] != key]
        self.sandboxes.pop(key, None)
        return 200, {"success": True}

    def _read_file(self, key: str, path: str) -> str:
        """As measured: whatever goes wrong, the answer is an empty file."""
        if self.sandboxes.get(key) != "RUNNING":
            return ""
        response = self._call("GET", "/api/file/download", params={"path": path})
        try:
            return response.content.decode() if response.is_success else ""
        except UnicodeDecodeError:
            return ""

    def _ask_git(self, key: str, query: dict[str, list[str]]) -> tuple[int, object]:
        problem = self._refuse_sleeping(key)
        if problem is not None:
            return problem
        response = self._call("GET", "/api/git/changes", params=query)
        if not response.is_success:
            return 502, {"detail": f"Agent server error: {response.status_code}"}
        return 200, response.json()

    def _refuse_sleeping(self, key: str) -> tuple[int, object] | None:
        status = self.sandboxes.get(key)
        if status == "PAUSED":
            return 409, {"detail": "Sandbox is paused; resume it before reading git state."}
        if status != "RUNNING" or key not in self.conversations:
            return 404, {"detail": f"Conversation {key} is not reachable"}
        return None

    def _send_message(self, key: str, body: dict[str, object]) -> tuple[int, object]:
        problem = self._refuse_sleeping(key)
        if problem is not None:
            return problem
        path = f"/api/conversations/{uuid.UUID(key)}/events"
        self._call("POST", path, json=body)
        return 200, {"success": True, "sandbox_status": "RUNNING", "message": None}

    def _show_events(self, key: str, what: str, query: dict[str, list[str]]) -> tuple[int, object]:
        if not self.hears_events or key not in self.conversations:
            return 200, 0 if what == "count" else {"items": [], "next_page_id": None}
        params = {name.removesuffix("__eq"): values for name, values in query.items()}
        path = f"/api/conversations/{uuid.UUID(key)}/events/{what}"
        content = self._call("GET", path, params=params).json()
        return 200, content

    def _switch(self, key: str, verb: str) -> tuple[int, object]:
        """Pause or resume; as in the remote service a resumed sandbox has another key."""
        if key not in self.sandboxes:
            return 404, {"detail": "Not Found"}
        if verb == "resume" and isinstance(self.sandbox, FakeAgentServer):
            self.sandbox.key = f"fake-session-key-{uuid.uuid4().hex}"
        self.sandboxes[key] = "PAUSED" if verb == "pause" else "RUNNING"
        return 200, {"success": True}

    def _remove(self, key: str) -> tuple[int, object]:
        if self.sandboxes.pop(key, None) is None:
            return 404, {"detail": "Not Found"}
        return 200, {"success": True}

    def _call(self, method: str, path: str, **content: object) -> httpx.Response:
        headers = {"X-Session-API-Key": self.sandbox.key}
        url = f"{self.sandbox.url}{path}"
        return _HTTP.request(method, url, headers=headers, **content)  # type: ignore[arg-type] # httpx names the types


def _complete(body: dict[str, object]) -> dict[str, object]:
    """Return a start request as the service echoes it; secrets are masked there."""
    message = body.get("initial_message")
    if message is None:
        return body
    texts = [{"cache_prompt": False, **one} for one in _list(_dict(message)["content"])]
    return {
        **body,
        "initial_message": {"role": "user", "run": False, **_dict(message), "content": texts},
    }


def _hex(value: object) -> str:
    return uuid.UUID(str(value)).hex


def _now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def _dict(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value


def _list(value: object) -> list[dict[str, object]]:
    assert isinstance(value, list)
    return value


_REQUEST: dict[str, object] = {
    "sandbox_id": None,
    "conversation_id": None,
    "initial_message": None,
    "system_message_suffix": None,
    "processors": None,
    "llm_model": None,
    "agent_profile_id": None,
    "selected_repository": None,
    "selected_branch": None,
    "git_provider": None,
    "suggested_task": None,
    "title": None,
    "trigger": None,
    "pr_number": [],
    "parent_conversation_id": None,
    "agent_type": "default",
    "public": None,
    "plugins": None,
    "secrets": None,
}
_CONVERSATION: dict[str, object] = {
    "created_by_user_id": None,
    "trigger": "openhands_api",
    "pr_number": [],
    "agent_kind": "openhands",
    "metrics": {
        "model_name": "default",
        "accumulated_cost": 0.0,
        "max_budget_per_task": None,
        "accumulated_token_usage": None,
    },
    "parent_conversation_id": None,
    "sub_conversation_ids": [],
    "public": None,
    "execution_status": None,
    "conversation_url": None,
    "session_api_key": None,
    "acp_server": None,
    "launched_agent_profile": None,
}
