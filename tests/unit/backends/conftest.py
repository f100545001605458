"""Fixtures of the backends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.agent_server import FakeAgentServer
from tests.fakes.cloud import FakeCloud
from tests.fakes.cloud_scene import REPOSITORY, RUN, TEST, Scene
from tests.fakes.orders import FILES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from openhands_testgen.backends.cloud import CloudBackend


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A service whose requests and answers all keep to the contract."""
    with FakeAgentServer(looks=2, output=TEST, events=[RUN]) as sandbox:
        with FakeCloud(sandbox=sandbox, clones={REPOSITORY: dict(FILES)}) as cloud:
            yield Scene(cloud, sandbox, tmp_path)
        assert cloud.violations == []


@pytest.fixture
async def backend(scene: Scene) -> AsyncIterator[CloudBackend]:
    yield scene.build()
    for one in scene.backends:
        await one.aclose()
