"""A fake agent server: the real one's calls over real HTTP, answering at once, faulty on request.

It stands where a test needs a fault that the real server does not produce at will, or an answer
without 40 seconds of imports before it. The contract suite holds it against the real one.
"""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from types import TracebackType

KEY = "fake-session-key"
RESUMING_LOOKS = 3
_TIME = "2026-01-01T00:00:00Z"


@dataclass
class Fault:
    """An answer in place of the right one: a status, or ``hang``, ``cut`` or ``garbage``.

    ``times`` counts how often, ``path`` is a regular expression on the request's path.
    """

    path: str = ""
    status: int = 0
    kind: str = ""
    times: int = 1_000_000
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeAgentServer:
    """A server on loopback; ``looks`` polls after its creation a conversation has ``ending``.

    With ``work_seconds`` an agent takes that long instead, however often it is looked at. The
    agent leaves ``output`` at ``output_path``; ``outputs`` are others by the same path.
    """

    looks: int = 2
    work_seconds: float = 0.0
    ending: str = "finished"
    output: bytes = b""
    output_path: str = "tests/test_prices.py"
    outputs: dict[str, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    conversations: dict[str, dict[str, object]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    created: int = 0
    interrupted: list[str] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)
    said: dict[str, list[object]] = field(default_factory=dict)
    released: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        """Start."""
        handler = type("Handler", (_Handler,), {"fake": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and let go of requests that hang."""
        self.released.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        """The address."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def find_fault(self, path: str) -> Fault | None:
        """Take the next fault that fits."""
        for fault in self.faults:
            if fault.times > 0 and re.search(fault.path, path):
                fault.times -= 1
                return fault
        return None

    def create(self, body: dict[str, object]) -> tuple[int, object]:
        """Create once an id; a second body under the same id is silently ignored, as measured."""
        key = str(body["conversation_id"])
        status = 200 if key in self.conversations else 201
        if status == 201:
            self.created += 1
            self.conversations[key] = {
                "id": key,
                "execution_status": "running",
                "workspace": body["workspace"],
                "agent": body["agent"],
                "tags": body.get("tags", {}),
                "created_at": _TIME,
                "updated_at": _TIME,
                "looks": 0,
                "created": time.monotonic(),
            }
        return status, self.conversations[key]

    def look(self, key: str) -> object:
        """Show a conversation, one look nearer to its end."""
        shown = self.conversations.get(key)
        if shown is None:
            return None
        self._go_on(shown)
        shown["looks"] = int(str(shown["looks"])) + 1
        if self._is_over(shown) and shown["execution_status"] == "running":
            shown["execution_status"] = self.ending
        return shown

    def run(self, key: str) -> tuple[int, object]:
        """Resume; as measured, the old end shows for a while and asking again is a conflict."""
        shown = self.conversations[key]
        if shown.get("resuming") or shown["execution_status"] == "running":
            return 409, {"detail": "Conversation already running"}
        shown["resuming"] = RESUMING_LOOKS
        self.resumed.append(key)
        return 200, {"success": True}

    def hear(self, key: str, message: dict[str, object]) -> tuple[int, object]:
        """Take a message; as with a resumed one, the former end shows for a while."""
        event = {"kind": "MessageEvent", "llm_message": message}
        self.said.setdefault(key, []).append(event)
        self.conversations[key]["resuming"] = RESUMING_LOOKS
        return 200, {"success": True}

    def _go_on(self, shown: dict[str, object]) -> None:
        left = int(str(shown.get("resuming", 0)))
        if left:
            shown["resuming"] = left - 1
            if left == 1:
                shown.update(execution_status="running", looks=0)

    def _is_over(self, shown: dict[str, object]) -> bool:
        if self.work_seconds:
            return time.monotonic() - float(str(shown["created"])) >= self.work_seconds
        return int(str(shown["looks"])) >= self.looks

    def list_outputs(self) -> dict[str, bytes]:
        """List the files that every agent leaves, by path."""
        return {**self.outputs, **({self.output_path: self.output} if self.output else {})}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeAgentServer

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        self.fake.requests.append((self.command, address.path))
        fault = self.fake.find_fault(address.path)
        if fault is not None and self._fail(fault):
            return
        if self.headers.get("X-Session-API-Key") != KEY:
            self._send(401, {"detail": "Unauthorized"})
            return
        self._send(*self._route(address.path, parse_qs(address.query), body))

    def _fail(self, fault: Fault) -> bool:
        if fault.status:
            self._send(fault.status, {"detail": "a fault"}, fault.headers)
        elif fault.kind == "garbage":
            self._send(200, b"<html>not JSON</html>")
        elif fault.kind == "cut":
            self.close_connection = True
        elif fault.kind == "hang":
            self.fake.released.wait(120)
            self.close_connection = True
        elif fault.kind == "slow":
            time.sleep(0.2)
            return False
        return True

    def _route(self, path: str, query: dict[str, list[str]], body: bytes) -> tuple[int, object]:
        fake = self.fake
        if path == "/api/conversations" and self.command == "POST":
            return fake.create(json.loads(body))
        if path == "/api/conversations":
            return 200, [fake.look(key) for key in query["ids"]]
        if path == "/api/file/upload":
            fake.files[query["path"][0]] = body
            return 200, {"success": True}
        if path == "/api/file/download":
            return 200, _find_by_end(fake.list_outputs(), query["path"][0])
        if path == "/api/bash/execute_bash_command":
            return 200, {
                **_COMMAND,
                "stdout": "".join(f"P\0{one}\0" for one in fake.list_outputs()),
            }
        return self._route_conversation(path, query, body)

    def _route_conversation(
        self, path: str, query: dict[str, list[str]], body: bytes
    ) -> tuple[int, object]:
        fake = self.fake
        if path.endswith("/interrupt"):
            fake.interrupted.append(path.split("/")[3])
            fake.conversations[path.split("/")[3]]["execution_status"] = "paused"
            return 200, {"success": True}
        if path.endswith("/events"):
            return fake.hear(path.split("/")[3], json.loads(body))
        if path.endswith("/events/search") and query.get("kind") == ["MessageEvent"]:
            return 200, {"items": fake.said.get(path.split("/")[3], [])}
        if path.endswith("/run"):
            return fake.run(path.split("/")[3])
        return _answer_about_events(path)

    def _send(self, status: int, content: object, headers: dict[str, str] | None = None) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


_COMMAND = {"command_id": "x", "kind": "BashOutput", "exit_code": 0, "stderr": ""}


def _find_by_end(files: dict[str, bytes], path: str) -> bytes:
    return next(content for name, content in files.items() if path.endswith(name))


def _answer_about_events(path: str) -> tuple[int, object]:
    if path.endswith("/events/count"):
        return 200, 3
    if path.endswith("/events/search"):
        return 200, {"items": []}
    if path.endswith("/agent_final_response"):
        return 200, {"response": "All done."}
    if "/download-trajectory/" in path:
        return 200, b"PK"
    return 404, {"detail": "Not Found"}
