"""The use case *submit*: check the input, photograph the project, hand over, return ids."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from openhands_testgen.domain.layout import dotted_name
from openhands_testgen.domain.module import find_untested, get_default_output, parse_module
from openhands_testgen.domain.prompt import Briefing, is_test_file, render_prompt
from openhands_testgen.domain.snapshot import render_digest
from openhands_testgen.domain.succession import render_tags
from openhands_testgen.domain.task import Order, Receipt, choose_conversation_id, digest_order
from openhands_testgen.domain.task_id import TaskId, is_safe_path
from openhands_testgen.errors import ConfigurationError, GenerationError, NothingToTestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from openhands_testgen.domain.module import Member
    from openhands_testgen.domain.ports import Backend, Clock, Project
    from openhands_testgen.domain.snapshot import Snapshot
    from openhands_testgen.domain.task import Assignment, Limits, Model, Run

CONFIGURATION_FILES = ("pyproject.toml", "pytest.ini", "setup.cfg", "tox.ini")
MAX_TEST_SOURCES = 200
TAKE_BACK_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Submission:
    """A task that was handed over."""

    task_id: TaskId
    conversation_url: str


type _Handing = asyncio.Future[Submission | GenerationError]


@dataclass(frozen=True, slots=True)
class Submitter:
    """Hands modules to a backend; ``run`` is the workflow job, if there is one."""

    project: Project
    backend: Backend
    model: Model
    limits: Limits
    clock: Clock
    run: Run | None

    async def submit(self, assignments: Sequence[Assignment]) -> list[Submission | GenerationError]:
        """Hand over one task a module, side by side; all input is checked before the first one.

        Returns one submission or error for each assignment, in order: an error on one never hides
        the id of another.

        Cancelling this coroutine stops what was started, for nobody would learn its id.

        Raises:
            ConfigurationError, NothingToTestError: an input is wrong; nothing was started.

        """
        checked = [self._check(assignment) for assignment in assignments]
        _refuse_doubles(assignment for assignment, _ in checked)
        snapshot = self.project.take_snapshot()
        orders = [self._prepare(*pair, snapshot) for pair in checked]
        handing = [asyncio.ensure_future(self._hand_over(order)) for order in orders]
        try:
            return list(await asyncio.gather(*handing))
        except asyncio.CancelledError:
            await self._take_back(orders, handing)
            raise

    def _check(self, assignment: Assignment) -> tuple[Assignment, tuple[Member, ...]]:
        module_path = self.project.locate(assignment.module_path, "module")
        members = parse_module(module_path, self._read_module(module_path))
        output = assignment.output_path or get_default_output(module_path)
        output_path = self.project.locate(output, "output")
        self._check_output(output_path, module_path)
        return replace(assignment, module_path=module_path, output_path=output_path), members

    def _read_module(self, path: str) -> bytes:
        if not is_safe_path(path) and path != ".":
            message = f"{path!r} is not a plain path"
            raise ConfigurationError(message, field="module")
        if self.project.is_folder(path):
            message = f"{path} is a folder; name one Python file in it"
            raise ConfigurationError(message, field="module")
        if not path.endswith(".py"):
            message = f"{path} is not a Python file (its name must end in .py)"
            raise ConfigurationError(message, field="module")
        content = self.project.read(path)
        if content is None:
            message = f"There is no module {path} in {self.project.root}; check `module`."
            raise NothingToTestError(message)
        return content

    def _check_output(self, path: str, module_path: str) -> None:
        problem = ""
        if not path.endswith(".py"):
            problem = f"{path} does not end in .py"
        elif self.project.is_link(path):
            problem = f"{path} is a symbolic link; name the file itself"
        elif self.project.is_folder(path):
            problem = f"{path} is a folder"
        elif path == module_path:
            problem = f"{path} is the module itself"
        elif not is_safe_path(path):
            problem = f"{path!r} is not a plain path"
        elif parent := self._find_file_above(path):
            problem = f"{parent} is a file, so nothing can stand below it"
        elif not is_test_file(path):
            problem = f"pytest would not collect {path}; name it test_*.py or *_test.py"
        if problem:
            raise ConfigurationError(problem, field="output")

    def _find_file_above(self, path: str) -> str:
        parents = (str(parent) for parent in PurePosixPath(path).parents)
        return next((one for one in parents if self.project.read(one) is not None), "")

    def _prepare(
        self, assignment: Assignment, members: tuple[Member, ...], snapshot: Snapshot
    ) -> Order:
        digest = digest_order(assignment, self.model, snapshot.digest)
        return Order(
            conversation_id=choose_conversation_id(self.run, digest),
            assignment=assignment,
            prompt=render_prompt(self._brief(assignment, members, snapshot)),
            snapshot=snapshot,
            model=self.model,
            limits=self.limits,
            tags={
                "project": "openhandstestgen",
                "order": digest,
                **render_tags(self.model.names),
            },
        )

    def _brief(
        self, assignment: Assignment, members: tuple[Member, ...], snapshot: Snapshot
    ) -> Briefing:
        tests = [path for path in snapshot.paths if is_test_file(path)]
        sources = [self._read_text(path) for path in tests[:MAX_TEST_SOURCES]]
        folders = {path.rpartition("/")[0] for path in snapshot.paths if _is_package_mark(path)}
        return Briefing(
            assignment=assignment,
            import_name=dotted_name(assignment.module_path, folders),
            members=members,
            untested=find_untested(members, sources),
            existing_tests=[path for path in tests if path != assignment.output_path],
            configuration_files=[
                path
                for path in snapshot.paths
                if path in CONFIGURATION_FILES or path.endswith("conftest.py")
            ],
            output_exists=assignment.output_path in snapshot.paths,
            uses_unittest=sum("unittest.TestCase" in source for source in sources) * 2
            > len(sources),
        )

    def _read_text(self, path: str) -> str:
        return (self.project.read(path) or b"").decode("utf-8", "replace")

    async def _hand_over(self, order: Order) -> Submission | GenerationError:
        try:
            receipt = await self.backend.submit(order)
        except GenerationError as error:
            return error
        return Submission(self._render_id(order, receipt), receipt.conversation_url)

    async def _take_back(self, orders: Sequence[Order], handing: Sequence[_Handing]) -> None:
        """Stop all agents within the seconds that a cancelled workflow leaves us."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TAKE_BACK_SECONDS):
                await asyncio.gather(*map(self._stop, orders, handing))

    async def _stop(self, order: Order, handing: _Handing) -> None:
        known = handing.result() if handing.done() and not handing.cancelled() else None
        if isinstance(known, GenerationError):
            return
        task_id = known.task_id if known else self._render_id(order, Receipt(reference={}))
        with suppress(GenerationError):
            await self.backend.cancel(task_id)

    def _render_id(self, order: Order, receipt: Receipt) -> TaskId:
        assignment = order.assignment
        return TaskId(
            backend=self.backend.name,
            conversation_id=order.conversation_id,
            module_path=assignment.module_path,
            output_path=assignment.output_path,
            coverage_threshold=assignment.coverage_threshold,
            created_at=int(self.clock.now()),
            module_digest=render_digest(self.project.read(assignment.module_path)),
            output_digest=render_digest(self.project.read(assignment.output_path)),
            reference=receipt.reference,
        )


def _is_package_mark(path: str) -> bool:
    return path.rpartition("/")[2] == "__init__.py"


def _refuse_doubles(assignments: Iterable[Assignment]) -> None:
    seen: dict[str, str] = {}
    for assignment in assignments:
        other = seen.setdefault(assignment.output_path, assignment.module_path)
        if other != assignment.module_path:
            message = (
                f"{other} and {assignment.module_path} would both be tested in "
                f"{assignment.output_path}; submit them one by one, each with its own `output`"
            )
            raise ConfigurationError(message, field="module")
