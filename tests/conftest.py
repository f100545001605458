"""Fixtures of all tiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import RealServer


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def agent_server() -> Iterator[RealServer]:
    """The real agent server: one for the session, started when the first test asks for it."""
    from tests.servers import RealServer, find_engine_python

    server = RealServer(find_engine_python())
    try:
        server.start()
        yield server
    finally:
        server.close()
