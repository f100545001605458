"""What fake servers share: real HTTP on loopback, faults on request, a list of requests."""

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


@dataclass
class Fault:
    """An answer in place of the right one.

    A status, or ``hang``, ``cut`` (no answer), ``lost`` (done, but no answer), ``half`` (done, but
    a part of the answer is missing), ``twice`` (the request is repeated on its way), ``garbage`` or
    ``slow``. ``times`` counts how often, ``path`` is a regular expression on the request's path.
    """

    path: str = ""
    status: int = 0
    kind: str = ""
    times: int = 1_000_000
    headers: dict[str, str] = field(default_factory=dict)
    method: str = ""
    detail: str = "a fault"


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> dict[str, object]:
        """The body, which is a JSON object."""
        content: dict[str, object] = json.loads(self.body)
        return content


@dataclass
class FakeServer:
    """A server on loopback that says of each request how it answers; a context manager."""

    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
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

    def answer(self, request: Request) -> tuple[int, object]:
        """Return a status and content: bytes as they are, else JSON."""
        raise NotImplementedError

    def find_fault(self, method: str, path: str) -> Fault | None:
        """Take the next fault that fits."""
        for fault in self.faults:
            fits = re.search(fault.path, path) and fault.method in {"", method}
            if fault.times > 0 and fits:
                fault.times -= 1
                return fault
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer would wait for an acknowledgement
    fake: FakeServer

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, address.path, parse_qs(address.query), body, headers)
        self.fake.requests.append((request.method, request.path))
        fault = self.fake.find_fault(request.method, request.path)
        if fault is not None and self._fail(fault, request):
            return
        self._send(*self.fake.answer(request))

    def _fail(self, fault: Fault, request: Request) -> bool:
        if fault.status:
            self._send(fault.status, {"detail": fault.detail}, fault.headers)
        elif fault.kind == "garbage":
            self._send(200, b"<html>not JSON</html>")
        elif fault.kind in {"cut", "lost"}:
            if fault.kind == "lost":
                self.fake.answer(request)
            self.close_connection = True
        elif fault.kind == "hang":
            self.fake.released.wait(120)
            self.close_connection = True
        elif fault.kind == "half":
            self._send(*self.fake.answer(request), part=2)
            self.close_connection = True
        elif fault.kind == "twice":
            self.fake.answer(request)
            return False
        elif fault.kind == "slow":
            time.sleep(0.2)
            return False
        return True

    def _send(
        self,
        status: int,
        content: object,
        headers: dict[str, str] | None = None,
        part: int = 1,
    ) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // part])
