"""A proxy on loopback that passes requests on, and fails where it is told to."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from tests.fakes.http import FakeServer, Request

PATIENCE_SECONDS = 60
# What belongs to one connection, and is made anew for the next.
OF_A_CONNECTION = {"host", "connection", "content-length", "accept-encoding"}


@dataclass
class FaultyProxy(FakeServer):
    """Stands in front of a real server."""

    target: str = ""

    def answer(self, request: Request) -> tuple[int, object]:
        """Ask the server, and pass its answer on as it is."""
        headers = {
            name: value for name, value in request.headers.items() if name not in OF_A_CONNECTION
        }
        answer = httpx.request(
            request.method,
            f"{self.target}{request.path}",
            params=httpx.QueryParams(request.query),
            content=request.body,
            headers=headers,
            timeout=PATIENCE_SECONDS,
        )
        return answer.status_code, answer.content
