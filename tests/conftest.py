"""Fixtures of all tiers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import RealServer


# What costs much to start is started once for all tests that share it, so they stay together.
SHARED = {"agent_server": "agent-server", "engine_folder": "engine"}
SHARED_BY_BACKEND = {"agent-server": "agent-server", "cloud": "agent-server", "embedded": "engine"}
SHARED_BY_FILE = {"test_corpus.py", "test_page.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests together that share a server, when several processes run the tests."""
    for item in items:
        group = _find_group(item)
        if group:
            item.add_marker(pytest.mark.xdist_group(group))


def _find_group(item: pytest.Item) -> str | None:
    for name in getattr(item, "fixturenames", ()):
        if name in SHARED:
            return SHARED[name]
    callspec = getattr(item, "callspec", None)
    if callspec and "harness" in callspec.params:
        return SHARED_BY_BACKEND.get(callspec.params["harness"])
    return item.path.name if item.path.name in SHARED_BY_FILE else None


# A shell starts its background jobs with interrupts ignored, and so would be all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def engine_folder() -> Iterator[Path]:
    """The state folder of one embedded engine for the session, started by the first order."""
    folder = Path(tempfile.mkdtemp(prefix="oht-state-"))
    try:
        yield folder
    finally:
        stop_engine(folder)
        shutil.rmtree(folder)


def stop_engine(folder: Path) -> None:
    """Ask an engine to leave and wait until it has, with all that it started."""
    card = folder / "engine.json"
    if not card.is_file():
        return
    with suppress(ProcessLookupError):
        pid = int(json.loads(card.read_bytes())["pid"])
        os.kill(pid, signal.SIGTERM)
        while True:
            os.kill(pid, 0)
            time.sleep(0.1)


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
