"""The backend that the settings name, or a task id."""

from __future__ import annotations

import pytest

from openhands_testgen.bootstrap_backend import build_backend, choose_backend
from openhands_testgen.errors import ConfigurationError, TaskIdError
from openhands_testgen.reporting.progress import NoProgress
from tests.fakes.surroundings import RecordingProgress


def test_the_choice_of_a_backend_is_said() -> None:
    progress = RecordingProgress()
    assert choose_backend({"server_url": "http://h"}, progress) == "agent-server"
    assert choose_backend({}, progress) == "embedded"
    assert progress.lines[0] == "backend: agent-server (a server address is set)"
    assert progress.lines[1].startswith("backend: embedded (")


def test_the_backend_of_a_foreign_task_id() -> None:
    with pytest.raises(TaskIdError, match="a backend 'teleport', which this version does not"):
        build_backend("teleport", {}, NoProgress())


def test_an_agent_server_without_an_address() -> None:
    with pytest.raises(ConfigurationError, match=r"^server-url: "):
        build_backend("agent-server", {}, NoProgress())
