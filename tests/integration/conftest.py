"""What the integration tests share."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes.agent_server import FakeAgentServer
from tests.integration.command_line import LAUNCH, SOUND_TESTS, CommandLine

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def cache() -> Path:
    """The folder with this machine's installed environments; the runner's is among them."""
    command = [str(LAUNCH.with_name("environment")), "runner"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return Path(found.stdout.strip()).parent


@pytest.fixture
def server() -> Iterator[FakeAgentServer]:
    with FakeAgentServer(output=SOUND_TESTS, looks=1) as running:
        yield running


@pytest.fixture
def command_line(tmp_path: Path, server: FakeAgentServer, cache: Path) -> CommandLine:
    return CommandLine(tmp_path, server, cache)
