"""The backends under test, by name; one harness each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.harness import (
    CloudHarness,
    EmbeddedHarness,
    FakeHarness,
    ServerHarness,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.contract.harness import Harness

HARNESSES: dict[str, Callable[[pytest.FixtureRequest], Harness]] = {
    "fake": lambda _: FakeHarness(),
    "agent-server": lambda request: ServerHarness(request.getfixturevalue("agent_server")),
    "cloud": lambda request: CloudHarness(
        request.getfixturevalue("agent_server"), request.getfixturevalue("tmp_path") / "sandbox"
    ),
    "embedded": lambda request: EmbeddedHarness(request.getfixturevalue("engine_folder")),
}


@pytest.fixture(
    params=[
        pytest.param(name, marks=() if name == "fake" else pytest.mark.e2e) for name in HARNESSES
    ]
)
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    harness = HARNESSES[request.param](request)
    yield harness
    await harness.aclose()
