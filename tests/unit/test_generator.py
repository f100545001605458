"""The Python API: five methods that keep their promises, against a fake agent server."""

from __future__ import annotations

import inspect
import sys
import traceback
from typing import TYPE_CHECKING

import pytest

from openhands_testgen import OpenHandsTestGenerator
from openhands_testgen.errors import (
    ConfigurationError,
    GenerationError,
    NothingToTestError,
    TaskIdError,
)
from tests.fakes.agent_server import KEY, FakeAgentServer
from tests.fakes.http import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.anyio
MODULE = b"def double(number: int) -> int:\n    return 2 * number\n"
TESTS = b"""\
from prices import double


def test_double():
    assert double(3) == 6
    assert double(-1) == -2
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server() -> Iterator[FakeAgentServer]:
    with FakeAgentServer(output=TESTS, looks=2) as running:
        yield running


@pytest.fixture
def generator(
    server: FakeAgentServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> OpenHandsTestGenerator:
    (tmp_path / "prices.py").write_bytes(MODULE)
    monkeypatch.setenv("LLM_MODEL", "openai/any")
    monkeypatch.setenv("LLM_API_KEY", "planted-model-key")
    return OpenHandsTestGenerator.from_env(
        server_url=server.url, api_key=KEY, working_directory=str(tmp_path), python=sys.executable
    )


async def test_submit_status_and_results(
    generator: OpenHandsTestGenerator, server: FakeAgentServer, tmp_path: Path
) -> None:
    task_id = await generator.submit_test_generation_task(module_path="prices.py")
    assert (tmp_path / "tests").exists() is False
    assert (await generator.get_task_status(task_id))["status"] == "RUNNING"
    result = await generator.get_test_generation_results(task_id, timeout=60, poll_interval=0.1)
    assert (result["success"], result["verdict"], result["coverage"]) == (True, "accepted", 100)
    assert result["files"] == ["tests/test_prices.py"]
    assert (tmp_path / "tests/test_prices.py").read_bytes() == TESTS
    assert server.created == 1
    assert "planted-model-key" not in task_id


async def test_an_id_works_from_another_generator(
    generator: OpenHandsTestGenerator, server: FakeAgentServer
) -> None:
    task_id = await generator.submit_test_generation_task("prices.py", "tests/test_prices.py", 90)
    other = OpenHandsTestGenerator.from_env(server_url=server.url, api_key=KEY)
    status = await other.get_task_status(task_id)
    assert (status["module_path"], status["task_id"]) == ("prices.py", task_id)


async def test_the_deadline_is_a_timeout_error(
    generator: OpenHandsTestGenerator, server: FakeAgentServer
) -> None:
    server.looks = 1_000_000
    task_id = await generator.submit_test_generation_task("prices.py")
    with pytest.raises(TimeoutError, match="collect again with the same id"):
        await generator.get_test_generation_results(task_id, timeout=0.1, poll_interval=0.1)
    await generator.cancel_task(task_id)
    assert len(server.interrupted) == 1
    assert (await generator.get_task_status(task_id))["conclusion"] == "cancelled"


async def test_a_failed_task_is_a_result_and_no_error(
    generator: OpenHandsTestGenerator, server: FakeAgentServer
) -> None:
    server.ending = "stuck"
    result = await generator.generate_tests("prices.py", poll_interval=0.1)
    assert (result["success"], result["status"], result["conclusion"]) == (False, "FAILED", "stuck")


async def test_a_wait_is_folded_in_the_log_of_a_workflow(
    generator: OpenHandsTestGenerator,
    server: FakeAgentServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    server.ending = "stuck"
    await generator.generate_tests("prices.py", poll_interval=0.1)
    lines = capsys.readouterr().err.splitlines()
    folded = lines[lines.index("::group::Waiting for 1 task") + 1 : lines.index("::endgroup::")]
    assert folded
    assert all("prices.py: " in line for line in folded)


async def test_errors_are_those_of_the_errors_module(
    generator: OpenHandsTestGenerator, server: FakeAgentServer
) -> None:
    with pytest.raises(NothingToTestError):
        await generator.submit_test_generation_task("none.py")
    with pytest.raises(ConfigurationError, match=r"^coverage-threshold: "):
        await generator.submit_test_generation_task("prices.py", coverage_threshold=0)
    for method in (generator.get_task_status, generator.cancel_task):
        with pytest.raises(TaskIdError):
            await method("nonsense")
    task_id = await generator.submit_test_generation_task("prices.py")
    server.conversations.clear()
    with pytest.raises(TaskIdError, match="does not know this task"):
        await generator.get_task_status(task_id)
    with pytest.raises(TaskIdError, match="does not know this task"):
        await generator.get_test_generation_results(task_id)


def test_the_promised_keywords_and_defaults() -> None:
    results = inspect.signature(OpenHandsTestGenerator.get_test_generation_results).parameters
    assert results["timeout"].default == 600
    assert results["poll_interval"].default == 5.0
    for method in (
        OpenHandsTestGenerator.submit_test_generation_task,
        OpenHandsTestGenerator.generate_tests,
    ):
        parameters = inspect.signature(method).parameters
        assert list(parameters)[1:4] == ["module_path", "output_path", "coverage_threshold"]
        assert parameters["coverage_threshold"].default == 80


async def test_no_result_and_no_error_holds_a_key(
    generator: OpenHandsTestGenerator, server: FakeAgentServer
) -> None:
    server.last_words = f"My keys are {KEY} and planted-model-key."
    task_id = await generator.submit_test_generation_task("prices.py", coverage_threshold=50)
    result = await generator.get_test_generation_results(task_id, poll_interval=0.1)
    assert result["final_message"] == "My keys are *** and ***."
    for status in (400, 401, 404, 500):
        server.faults = [Fault(status=status, detail=server.last_words)]
        with pytest.raises(GenerationError) as caught:
            await generator.get_task_status(task_id)
        shown = "".join(traceback.format_exception(caught.value))
        assert not [key for key in (KEY, "planted-model-key") if key in shown]
