"""The Python API: five thin methods over the same use cases as the command line."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Self, TypedDict, Unpack, cast

from openhands_testgen import bootstrap, inputs
from openhands_testgen.domain.report import render_result, render_status
from openhands_testgen.domain.task import Assignment
from openhands_testgen.domain.task_id import parse_task_id
from openhands_testgen.domain.text import hide_secrets, map_texts
from openhands_testgen.errors import GenerationError

if TYPE_CHECKING:
    from openhands_testgen.domain.report import TaskResult, TaskStatus


class Options(TypedDict, total=False):
    """Settings by keyword, as in the table of the README; they come before the environment."""

    backend: str
    server_url: str
    api_key: str
    cloud_api_key: str
    cloud_url: str
    cloud_auth: str
    llm_model: str
    llm_api_key: str
    llm_base_url: str
    max_iterations: int
    max_cost: float
    python: str
    working_directory: str
    results: str
    state_dir: str


class OpenHandsTestGenerator:
    """Writes unit tests with an OpenHands agent.

    A task id from ``submit_test_generation_task`` works from any process that reaches the same
    backend. All methods raise the errors of ``openhands_testgen.errors``.
    """

    def __init__(self, options: Options | None = None) -> None:
        """Take settings; what is not given is read from the environment when it is needed."""
        self._options = dict(options or {})

    @classmethod
    def from_env(cls, **options: Unpack[Options]) -> Self:
        """Build a generator from the environment; keywords come first."""
        return cls(options)

    async def submit_test_generation_task(
        self,
        module_path: str,
        output_path: str | None = None,
        coverage_threshold: float = 80,
        instructions: str = "",
    ) -> str:
        """Hand one module to an agent and return the task id at once.

        ``output_path`` is ``tests/test_<module>.py`` unless given; ``coverage_threshold`` is in
        percent of lines and branches.
        """
        submitter = bootstrap.build_submitter(self._options)
        checked = inputs.read_threshold(coverage_threshold)
        assignment = Assignment(module_path, output_path or "", checked, instructions)
        try:
            (outcome,) = await submitter.submit([assignment])
        finally:
            await submitter.backend.aclose()
        if isinstance(outcome, GenerationError):
            raise outcome
        return str(outcome.task_id)

    async def get_task_status(self, task_id: str) -> TaskStatus:
        """Return where a task stands, at once."""
        parsed = parse_task_id(task_id)
        state = await bootstrap.get_state(parsed, self._options)
        if isinstance(state, GenerationError):
            raise state
        return self._hide_secrets(render_status(parsed, state))

    async def get_test_generation_results(
        self, task_id: str, timeout: float = 600, poll_interval: float = 5.0
    ) -> TaskResult:
        """Wait for a task, judge what came back and return the result.

        ``timeout`` and ``poll_interval`` are seconds. A task that failed or was rejected is a
        result with ``success`` false, not an error.

        Raises:
            TimeoutError: the time is up; the agent goes on, ask again with the same id.

        """
        parsed = parse_task_id(task_id)
        wait = {"timeout": timeout, "poll_interval": poll_interval}
        (report,) = (await bootstrap.collect([parsed], {**self._options, **wait})).values()
        if report.failure is not None:
            raise report.failure
        return self._hide_secrets(render_result(report))

    async def generate_tests(  # noqa: PLR0913 - the keywords of the blocking call it replaces
        self,
        module_path: str,
        output_path: str | None = None,
        coverage_threshold: float = 80,
        instructions: str = "",
        timeout: float = 600,
        poll_interval: float = 5.0,
    ) -> TaskResult:
        """Submit and wait: the blocking call."""
        task_id = await self.submit_test_generation_task(
            module_path, output_path, coverage_threshold, instructions
        )
        return await self.get_test_generation_results(task_id, timeout, poll_interval)

    async def cancel_task(self, task_id: str) -> None:
        """Stop the agent; a task that has ended is left as it is."""
        await bootstrap.cancel(parse_task_id(task_id), self._options)

    def _hide_secrets[Result: TaskStatus | TaskResult](self, result: Result) -> Result:
        """Take the keys of this generator out of what an agent or a server said."""
        hide = partial(hide_secrets, secrets=inputs.read_secrets(self._options))
        return cast("Result", map_texts(result, hide))
