"""The scene of these tests: its fake GitHub must have had nothing to complain of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.github import FakeGitHub
from tests.integration.github.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def scene() -> Iterator[Scene]:
    with FakeGitHub() as github:
        yield Scene(github)
        assert github.violations == []
