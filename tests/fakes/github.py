"""A fake GitHub: its REST API over real HTTP with state, judged by GitHub's own description.

Every request and every answer is held against that description; what does not fit is a violation
that the test asks for at its end. Annotations are appended and lists are paged as GitHub does it.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from tests.fakes.github_contract import judge_answer, judge_request
from tests.fakes.github_repository import FakeRepository
from tests.fakes.github_routes import NAME, ROUTES, Problem, Request, Route

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

TOKEN = "ghs_planted-token-of-a-workflow"
ALL_PERMISSIONS = frozenset({"checks", "pull-requests", "contents"})


@dataclass
class GitHubFault:
    """An answer in place of the right one: a status, or ``cut``, ``half``, ``hang``, ``garbage``.

    ``is_done``: the request was carried out all the same, and only its answer is lost. The first
    ``after`` requests that fit ``method`` and ``path`` go through, then ``times`` fail.
    """

    method: str = ""
    path: str = ""
    status: int = 0
    kind: str = ""
    message: str = "a fault"
    headers: dict[str, str] = field(default_factory=dict)
    after: int = 0
    times: int = 1_000_000
    is_done: bool = False


@dataclass
class FakeGitHub:
    """A server on loopback for the one repository ``octo/shop``.

    ``meanwhile`` is what others do, one thing after each commit that is created.
    """

    permissions: frozenset[str] = ALL_PERMISSIONS
    may_create_pulls: bool = True
    merges_conflict: bool = False
    meanwhile: list[Callable[[], object]] = field(default_factory=list)
    prefix: str = ""
    faults: list[GitHubFault] = field(default_factory=list)
    repository: FakeRepository = field(default_factory=FakeRepository)
    requests: list[tuple[str, str]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    released: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

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
        """The address of the API; ``prefix`` is the path of an Enterprise server's."""
        return f"http://127.0.0.1:{self._http.server_address[1]}{self.prefix}"

    def list_calls(self) -> list[str]:
        """List the requests, each as its method and the path below the repository."""
        return [f"{method} {path.removeprefix(f'/repos/{NAME}')}" for method, path in self.requests]

    def find_fault(self, method: str, path: str) -> GitHubFault | None:
        """Take the next fault that fits."""
        for fault in self.faults:
            if fault.method in {"", method} and fault.times and re.search(fault.path, path):
                if fault.after:
                    fault.after -= 1
                    continue
                fault.times -= 1
                return fault
        return None

    def answer(self, request: Request) -> tuple[int, object]:
        """Carry out a request; what GitHub refuses is an answer as well."""
        wrong = judge_request(request.method, request.path, request.body)
        if wrong:
            self.violations += [f"{request.method} {request.path}: {one}" for one in wrong]
            return 422, {"message": "Validation Failed", "errors": wrong[:3]}
        for route in ROUTES:
            match = re.fullmatch(f"/repos/{NAME}{route.pattern}", request.path)
            if match and route.method == request.method:
                return self._carry_out(route, request, match.groups())
        return 404, {"message": "Not Found"}

    def _carry_out(
        self, route: Route, request: Request, parts: tuple[str, ...]
    ) -> tuple[int, object]:
        if request.method != "GET" and route.permission not in self.permissions:
            return 403, {"message": "Resource not accessible by integration"}
        try:
            return route.status, route.handle(self, request, *parts)
        except Problem as problem:
            return problem.status, problem.content
        except Exception as error:  # noqa: BLE001 - a test must hear of it
            self.violations.append(f"{request.method} {request.path}: {error!r}")
            return 500, {"message": "the fake does not take this"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer on an open connection waits for 40 ms
    fake: FakeGitHub

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        path = unquote(address.path).removeprefix(self.fake.prefix)
        with self.fake.lock:
            self.fake.requests.append((self.command, path))
            fault = self.fake.find_fault(self.command, path)
        if fault is not None and not fault.is_done:
            self._fail(fault)
            return
        query = dict(parse_qsl(address.query))
        body: object = json.loads(content) if content else None
        with self.fake.lock:
            status, answer = self._decide(Request(self.command, path, query, body, self.fake.url))
            link = ""
            if isinstance(answer, list):
                answer, link = self._cut_page(answer, query)
            elif isinstance(answer, dict) and isinstance(answer.get("check_runs"), list):
                answer["check_runs"], link = self._cut_page(answer["check_runs"], query)
            wrong = judge_answer(self.command, path, status, answer)
            self.fake.violations += [f"answer to {self.command} {path}: {one}" for one in wrong]
        if fault is not None:
            self._fail(fault)
            return
        if answer is None:
            self._send(204, b"")
            return
        self._send(status, json.dumps(answer).encode(), {"Link": link} if link else {})

    def _decide(self, request: Request) -> tuple[int, object]:
        token = self.headers.get("Authorization", "").removeprefix("token ").removeprefix("Bearer ")
        self.fake.tokens.add(token)
        if token != TOKEN:
            return 401, {"message": "Bad credentials"}
        return self.fake.answer(request)

    def _cut_page(self, items: list[object], query: dict[str, str]) -> tuple[list[object], str]:
        size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
        assert size <= 100
        last = max(1, -(-len(items) // size))
        path = urlsplit(self.path).path.removeprefix(self.fake.prefix)
        links = [
            f'<{self.fake.url}{path}?{urlencode({**query, "page": str(number)})}>; rel="{name}"'
            for name, number in (("next", page + 1), ("last", last))
            if page < last
        ]
        return items[(page - 1) * size : page * size], ", ".join(links)

    def _fail(self, fault: GitHubFault) -> None:
        body = json.dumps({"message": fault.message}).encode()
        if fault.status:
            self._send(fault.status, body, fault.headers)
            return
        self.close_connection = True
        if fault.kind == "garbage":
            self._send(200, b"<html>a proxy's page</html>")
        elif fault.kind == "half":
            self._send(200, body[:5], {"Content-Length": "5000"})
        elif fault.kind == "hang":
            self.fake.released.wait(120)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        sent = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, value in {**sent, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
