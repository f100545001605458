"""A fake agent server: the real one's calls over real HTTP, answering at once, faulty on request.

It stands where a test needs a fault that the real server does not produce at will, or an answer
without 40 seconds of imports before it. The contract suite holds it against the real one.
"""

from __future__ import annotations

import io
import re
import tarfile
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.http import FakeServer, Fault

if TYPE_CHECKING:
    from tests.fakes.http import Request

__all__ = ["KEY", "FakeAgentServer", "Fault"]
KEY = "fake-session-key"
RESUMING_LOOKS = 3
_TIME = "2026-01-01T00:00:00Z"


@dataclass
class FakeAgentServer(FakeServer):
    """A server on loopback; ``looks`` polls after its creation a conversation has ``ending``.

    With ``work_seconds`` an agent takes that long instead, however often it is looked at. The
    agent leaves ``output`` at ``output_path``; ``outputs`` are others by the same path. What was
    uploaded or cloned is ``standing``; ``commits`` are those that the repository has, ``None`` for
    any, and without ``is_repository`` there is none. ``events`` are those of every conversation,
    newest last.
    """

    key: str = KEY
    standing: dict[str, bytes] = field(default_factory=dict)
    commits: set[str] | None = None
    is_repository: bool = True
    events: list[dict[str, object]] = field(default_factory=list)
    said: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    compared: list[str] = field(default_factory=list)

    looks: int = 2
    work_seconds: float = 0.0
    ending: str = "finished"
    output: bytes = b""
    output_path: str = "tests/test_prices.py"
    outputs: dict[str, bytes] = field(default_factory=dict)
    last_words: str = "All done."
    trajectory: bytes = b"PK"
    conversations: dict[str, dict[str, object]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    created: int = 0
    interrupted: list[str] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)

    def create(self, body: dict[str, object]) -> tuple[int, object]:
        """Create once an id; a second body under the same id is silently ignored, as measured."""
        key = str(body["conversation_id"])
        status = 200 if key in self.conversations else 201
        if status == 201:
            self.created += 1
            self.conversations[key] = {
                "id": key,
                "execution_status": "running" if body.get("initial_message", "x") else "idle",
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

    def answer(self, request: Request) -> tuple[int, object]:
        """Answer a request with the right key."""
        if request.headers.get("x-session-api-key") != self.key:
            return 401, {"detail": "Unauthorized"}
        return self._route(request)

    def _route(self, request: Request) -> tuple[int, object]:  # noqa: PLR0911 - one line a call
        path, query = request.path, request.query
        if path == "/api/conversations" and request.method == "POST":
            return self.create(request.json)
        if path == "/api/conversations":
            return 200, [self.look(key) for key in query["ids"]]
        if path == "/api/file/upload":
            return self._upload(query["path"][0], request.body)
        if path == "/api/file/download":
            return _find_by_end({**self.standing, **self.list_outputs()}, query["path"][0])
        if path == "/api/git/changes":
            return self._compare(query["ref"][0])
        if path == "/api/bash/execute_bash_command":
            return 200, self._run_command(str(request.json["command"]))
        if path.endswith("/interrupt"):
            self.interrupted.append(path.split("/")[3])
            self.conversations[path.split("/")[3]]["execution_status"] = "paused"
            return 200, {"success": True}
        if path.endswith("/run"):
            return self.run(path.split("/")[3])
        if path.endswith("/events") and request.method == "POST":
            return self.hear(path.split("/")[3], request.json)
        return self._answer_about_events(path, query)

    def _compare(self, ref: str) -> tuple[int, object]:
        self.compared.append(ref)
        if self.is_repository and self.commits is not None and ref not in self.commits:
            return 400, {"detail": f"unknown revision {ref}"}
        names = self.list_outputs() if self.is_repository else ()
        return 200, [{"status": "ADDED", "path": one} for one in names]

    def _upload(self, path: str, body: bytes) -> tuple[int, object]:
        content = body.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]
        self.files[path] = content
        if path.endswith(".tar.gz"):
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                for member in archive:
                    file = archive.extractfile(member)
                    self.standing[member.name] = file.read() if file else b""
        return 200, {"success": True}

    def _run_command(self, command: str) -> object:
        """List the outputs; of commits know what the test says, and that output is theirs."""
        asked = re.search(r"cat-file -e '?([^'^]+)\^", command)
        compared = re.search(r"--name-only -z (\S+) --", command)
        self.compared += [compared[1]] if compared else []
        has_it = asked is None or self.commits is None or asked[1] in self.commits
        stdout = "".join(f"P\0{one}\0" for one in self.list_outputs())
        return {**_COMMAND, "exit_code": 0 if has_it else 1, "stdout": stdout}

    def hear(self, key: str, message: dict[str, object]) -> tuple[int, object]:
        """Take a message; as with a resumed one, the former end shows for a while."""
        said = {"role": message["role"], "content": message["content"]}
        event = {"kind": "MessageEvent", "source": "user", "llm_message": said}
        self.said.setdefault(key, []).append({"id": "x", "timestamp": _TIME, **event})
        shown = self.conversations[key]
        if shown["execution_status"] == "idle":
            shown.update(execution_status="running", looks=0)
        else:
            shown["resuming"] = RESUMING_LOOKS
        return 200, {"success": True}

    def _answer_about_events(self, path: str, query: dict[str, list[str]]) -> tuple[int, object]:
        kind, said = query.get("kind", [""])[0], self.said.get(path.split("/")[3], [])
        events = [*said, *self.events]
        fits = [one for one in events if one["kind"] == kind]
        if path.endswith("/events/count"):
            return 200, len(fits) if self.events or kind == "MessageEvent" else 3
        if path.endswith("/events/search"):
            return 200, {"items": fits[::-1][: int(query.get("limit", ["100"])[0])]}
        if path.endswith("/agent_final_response"):
            return 200, {"response": self.last_words}
        if "/download-trajectory/" in path:
            return 200, self.trajectory
        return 404, {"detail": "Not Found"}


_COMMAND = {"command_id": "x", "kind": "BashOutput", "stderr": ""}


def _find_by_end(files: dict[str, bytes], path: str) -> tuple[int, object]:
    for name, content in files.items():
        if path.endswith(f"/{name}"):
            return 200, content
    return 404, {"detail": "File not found"}
