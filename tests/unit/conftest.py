"""What all unit tests begin with."""

from __future__ import annotations

import os

import pytest

OURS = ("INPUT_", "OPENHANDS_", "LLM_", "GITHUB_", "RUNNER_", "SESSION_API_KEY")


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of this machine."""
    for name in list(os.environ):
        if name.startswith(OURS):
            monkeypatch.delenv(name)
