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
