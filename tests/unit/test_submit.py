"""Submit: all input is checked before anything starts; one failing task hides no other's id."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.domain.task import Assignment, Limits, Model, Run
from openhands_testgen.errors import (
    BackendUnreachableError,
    ConfigurationError,
    GenerationError,
    NothingToTestError,
)
from openhands_testgen.submit import Submission, Submitter
from tests.fakes.backend import FakeBackend
from tests.fakes.surroundings import FakeClock, FakeProject

if TYPE_CHECKING:
    from openhands_testgen.domain.task import Order, Receipt

pytestmark = pytest.mark.anyio
RUN = Run("owner/name", "17", "1", "submit")


def make_submitter(
    backend: FakeBackend, project: FakeProject | None = None, run: Run | None = None
) -> Submitter:
    files = {
        "src/shop/__init__.py": b"",
        "src/shop/prices.py": b"def price(): return 1\n",
        "src/shop/taxes.py": b"def tax(): return 1\n",
        "src/shop/empty.py": b"",
        "src/shop/notes.txt": b"x",
        "src/shop/broken.py": b"def f(:\n",
        "src/shop/latin.py": "def é(): pass".encode("latin-1"),
        "tests/test_old.py": b"def test_x(): price()\n",
        "pyproject.toml": b"",
    }
    return Submitter(
        project=project
        or FakeProject(files, folders={"src/shop", "."}, links={"tests/test_link.py"}),
        backend=backend,
        model=Model("offline"),
        limits=Limits(50, None),
        clock=FakeClock(),
        run=run,
    )


def make_assignment(module: str = "src/shop/prices.py", output: str = "") -> Assignment:
    return Assignment(module, output, 80)


async def test_returns_an_id_that_carries_what_collect_needs() -> None:
    backend = FakeBackend()
    (submission,) = await make_submitter(backend).submit([make_assignment()])
    assert isinstance(submission, Submission)
    task_id = submission.task_id
    assert (task_id.backend, task_id.module_path) == ("fake", "src/shop/prices.py")
    assert (task_id.output_path, task_id.output_digest) == ("tests/test_prices.py", "-")
    assert task_id.created_at == 1_700_000_000
    assert list(backend.orders) == [task_id.conversation_id]


async def test_the_prompt_briefs_on_this_module() -> None:
    backend = FakeBackend()
    await make_submitter(backend).submit([make_assignment("src/shop/taxes.py")])
    (order,) = backend.orders.values()
    for line in (
        "Module under test: `src/shop/taxes.py`",
        "Import it as: `shop.taxes`",
        "Test file to write: `tests/test_taxes.py`",
        "- line 1: `tax`: `def tax()`  (no test mentions it)",
        "`tests/test_old.py`",
        "`pyproject.toml`",
        "at least 80% of the module's lines and branches",
    ):
        assert line in order.prompt
    assert re.search(r"Write `tests/test_taxes\.py` and nothing else", order.prompt)


async def test_instructions_reach_the_prompt() -> None:
    backend = FakeBackend()
    assignment = replace(make_assignment(), instructions="Mind the rounding.")
    await make_submitter(backend).submit([assignment])
    (order,) = backend.orders.values()
    assert order.prompt.rstrip().endswith("Mind the rounding.")


@pytest.mark.parametrize(
    ("module", "output", "error", "message"),
    [
        ("src/none.py", "", NothingToTestError, "There is no module src/none.py"),
        ("src/shop/empty.py", "", NothingToTestError, "nothing to test"),
        ("../x.py", "", ConfigurationError, "^module: .*outside"),
        ("src/shop", "", ConfigurationError, "^module: .*is a folder"),
        ("src/shop/notes.txt", "", ConfigurationError, r"^module: .*must end in \.py"),
        ("src/a\tb.py", "", ConfigurationError, r"^module: 'src/a\\tb\.py' is not a plain path"),
        ("src/.git/b.py", "", ConfigurationError, "^module: .*is not a plain path"),
        (".", "", ConfigurationError, "^module: . is a folder"),
        ("src/shop/broken.py", "", ConfigurationError, "^module: .*not valid Python"),
        ("src/shop/latin.py", "", ConfigurationError, "^module: .*not UTF-8"),
        ("src/shop/prices.py", "../test_x.py", ConfigurationError, "^output: .*outside"),
        ("src/shop/prices.py", "tests/test_link.py", ConfigurationError, "^output: .*link"),
        ("src/shop/prices.py", "tests/prices.txt", ConfigurationError, r"^output: .*end in \.py"),
        ("src/shop/prices.py", "tests/prices.py", ConfigurationError, "^output: .*not collect"),
        ("src/shop/prices.py", "pyproject.toml/test_x.py", ConfigurationError, "toml is a file"),
        ("src/shop/prices.py", "src/shop/prices.py", ConfigurationError, "^output: .*itself"),
    ],
)
async def test_bad_input_starts_nothing(
    module: str, output: str, error: type[GenerationError], message: str
) -> None:
    backend = FakeBackend()
    with pytest.raises(error, match=message):
        await make_submitter(backend).submit(
            [make_assignment("src/shop/taxes.py"), make_assignment(module, output)]
        )
    assert backend.started == 0


async def test_two_modules_may_not_share_an_output() -> None:
    project = FakeProject({"a/x.py": b"def f(): ...", "b/x.py": b"def f(): ..."})
    backend = FakeBackend()
    with pytest.raises(ConfigurationError, match=r"both be tested in tests/test_x.py"):
        await make_submitter(backend, project).submit(
            [make_assignment("a/x.py"), make_assignment("b/x.py")]
        )
    assert backend.started == 0


async def test_one_failing_task_hides_no_other() -> None:
    fault = BackendUnreachableError("down")
    backend = FakeBackend(submit_faults={"src/shop/prices.py": fault})
    outcomes = await make_submitter(backend).submit(
        [make_assignment(), make_assignment("src/shop/taxes.py")]
    )
    assert outcomes[0] is fault
    assert isinstance(outcomes[1], Submission)
    assert outcomes[1].task_id.module_path == "src/shop/taxes.py"


async def test_the_same_job_starts_nothing_twice() -> None:
    backend = FakeBackend()
    submitter = make_submitter(backend, run=RUN)
    (first,) = await submitter.submit([make_assignment()])
    (again,) = await submitter.submit([make_assignment()])
    assert isinstance(first, Submission)
    assert isinstance(again, Submission)
    assert first.task_id == again.task_id
    assert backend.started == 1


@pytest.mark.parametrize(
    "run", [None, replace(RUN, attempt="2"), replace(RUN, job="other"), replace(RUN, run_id="18")]
)
async def test_another_run_is_another_task(run: Run | None) -> None:
    backend = FakeBackend()
    await make_submitter(backend, run=RUN).submit([make_assignment()])
    await make_submitter(backend, run=run).submit([make_assignment()])
    assert backend.started == 2


async def test_a_changed_project_is_another_task() -> None:
    backend = FakeBackend()
    await make_submitter(backend, run=RUN).submit([make_assignment()])
    project = FakeProject({"src/shop/prices.py": b"def price(): return 2\n"})
    await make_submitter(backend, project, run=RUN).submit([make_assignment()])
    assert backend.started == 2


@dataclass
class SlowBackend(FakeBackend):
    """Starts tasks, and answers for those of some modules only."""

    slow: tuple[str, ...] = ()

    async def submit(self, order: Order) -> Receipt:
        """Start the task; of a slow module nothing more is heard."""
        receipt = await super().submit(order)
        if order.assignment.module_path in self.slow:
            await asyncio.Event().wait()
        return receipt


async def test_a_submit_that_is_cancelled_stops_what_it_started() -> None:
    modules = ["src/shop/prices.py", "src/shop/taxes.py", "src/shop/more.py"]
    files = dict.fromkeys(modules, b"def f(): ...")
    backend = SlowBackend(
        slow=("src/shop/taxes.py",),
        submit_faults={"src/shop/more.py": BackendUnreachableError("down")},
        cancel_faults=[BackendUnreachableError("down")],
    )
    submitting = asyncio.ensure_future(
        make_submitter(backend, FakeProject(files)).submit([make_assignment(m) for m in modules])
    )
    while backend.started < 2:
        await asyncio.sleep(0)
    submitting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await submitting
    assert backend.cancel_faults == []
    (stopped,) = backend.cancelled
    assert backend.orders[stopped].assignment.module_path == "src/shop/taxes.py"
