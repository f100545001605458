"""A model on loopback that speaks OpenAI's chat completions; a program decides what it says."""

from __future__ import annotations

import hmac
import json
import socket
import socketserver
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from pydantic import ValidationError

from openhands_testgen.offline.chat import (
    ChatRequest,
    Policy,
    Reply,
    Stamp,
    render_completion,
    render_error,
    render_stream,
)

if TYPE_CHECKING:
    from types import TracebackType

HOST = "127.0.0.1"
PATH = "/v1/chat/completions"
MAX_BODY_BYTES = 20_000_000
IDLE_SECONDS = 120
LOOK_SECONDS = 0.1
JSON, EVENTS = "application/json", "text/event-stream"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    body: bytes
    kind: str = JSON


class OfflineModel:
    """Serves one policy under one key, in a thread of its own; never prints."""

    def __init__(self, policy: Policy, key: str) -> None:
        """Take what decides, and the key that requests must carry."""
        self._policy = policy
        self._http: _Server | None = None
        self.key = key

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.close()

    def start(self, port: int = 0) -> None:
        """Listen on loopback, on any free port unless one is named.

        Raises:
            OSError: the port is taken.

        """
        self._http = _Server(self, port)
        threading.Thread(
            target=self._http.serve_forever, args=(LOOK_SECONDS,), name="model", daemon=True
        ).start()

    @property
    def port(self) -> int:
        """The port; 0 while it does not listen."""
        return int(self._http.server_address[1]) if self._http else 0

    @property
    def base_url(self) -> str:
        """The address, as ``LLM_BASE_URL`` wants it."""
        return f"http://{HOST}:{self.port}/v1"

    def close(self) -> None:
        """Stop listening and cut what is still connected."""
        http, self._http = self._http, None
        if http:
            http.shutdown()
            http.server_close()
            http.cut_connections()

    def answer(self, body: bytes) -> Answer:
        """Answer an authenticated request's body.

        Raises:
            ConnectionError: nothing is to be answered; the connection is cut.

        """
        try:
            request = ChatRequest.model_validate_json(body)
        except ValidationError as exc:
            problem = exc.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in problem["loc"])
            return refuse(HTTPStatus.BAD_REQUEST, f"{place}: {problem['msg']}".lstrip(": "))
        try:
            reply = self._policy(request)
        except Exception as exc:  # noqa: BLE001 - a bug in a policy must not kill the conversation
            message = f"the offline model failed: {type(exc).__name__}"
            return refuse(HTTPStatus.INTERNAL_SERVER_ERROR, message, kind="server_error")
        return _render(request, reply)


def refuse(
    status: HTTPStatus,
    message: str,
    *,
    kind: str = "invalid_request_error",
    code: str | None = None,
) -> Answer:
    """Render a refusal."""
    return Answer(status, _dump(render_error(message, kind, code)))


def _render(request: ChatRequest, reply: Reply) -> Answer:
    stamp = Stamp(uuid.uuid4().hex, int(time.time()))
    if not request.stream:
        return Answer(HTTPStatus.OK, _dump(render_completion(request, reply, stamp)))
    pieces = [b"data: %s\n\n" % _dump(piece) for piece in render_stream(request, reply, stamp)]
    return Answer(HTTPStatus.OK, b"".join([*pieces, b"data: [DONE]\n\n"]), EVENTS)


def _dump(content: object) -> bytes:
    return json.dumps(content).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, model: OfflineModel, port: int) -> None:
        self.model = model
        self._connections: set[socket.socket] = set()
        super().__init__((HOST, port), _Handler)

    def server_bind(self) -> None:
        """Bind without the look at the name service that the parent class takes."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, socket.socket):
            self._connections.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        """End connections that clients keep open for their next request."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    server: _Server

    def do_POST(self) -> None:
        """Answer a request, or say what is wrong with it."""
        refusal = self._find_refusal()
        if refusal is not None:
            # Its body was not read, so the next request could not be told from it.
            self.close_connection = True
            self._send(refusal)
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            self._send(self.server.model.answer(body))
        except ConnectionError:
            self.close_connection = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no request of ours as JSON too."""
        del explain
        self.close_connection = True
        status = HTTPStatus(code)
        self._send(refuse(status, message or status.phrase))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _find_refusal(self) -> Answer | None:
        given = self.headers.get("Authorization") or ""
        if not hmac.compare_digest(given.encode(), f"Bearer {self.server.model.key}".encode()):
            message = "the key is missing or wrong"
            kind = "authentication_error"
            return refuse(HTTPStatus.UNAUTHORIZED, message, kind=kind, code="invalid_api_key")
        if self.path != PATH:
            return refuse(HTTPStatus.NOT_FOUND, f"there is nothing here but {PATH}")
        length = self.headers.get("Content-Length") or ""
        if not (length.isascii() and length.isdigit()):
            return refuse(HTTPStatus.LENGTH_REQUIRED, "the length of the body is missing")
        if int(length[:12]) > MAX_BODY_BYTES:
            return refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {MAX_BODY_BYTES} bytes")
        return None

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)
