"""The task: one module to write tests for, and what is known of it at a moment."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openhands_testgen.domain.snapshot import Snapshot


class Status(StrEnum):
    """Where a task stands. Only ``COMPLETED`` and ``FAILED`` are final."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"

    @property
    def is_final(self) -> bool:
        """Whether the agent will do no more work on the task."""
        return self in {Status.COMPLETED, Status.FAILED}


class Conclusion(StrEnum):
    """Why a task ended as it did."""

    SUCCESS = "success"
    REJECTED = "rejected"
    NO_TESTS = "no_tests"
    AGENT_ERROR = "agent_error"
    STUCK = "stuck"
    NEEDS_CONFIRMATION = "needs_confirmation"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    OVER_BUDGET = "over_budget"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a user asks for: paths are POSIX and relative to the working directory."""

    module_path: str
    output_path: str
    coverage_threshold: float
    instructions: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """The language model as OpenHands names it; ``offline`` is the one that needs no key.

    ``api_key`` is a secret: it stays out of ``repr`` and must reach headers and bodies only.
    ``tries`` counts the requests for one turn, the first one included; between them the agent
    waits 8, 16, 32 seconds and so on. ``others`` go on, one after the other, when it fails.
    """

    name: str
    api_key: str = field(default="", repr=False)
    base_url: str = ""
    tries: int = 4
    timeout_seconds: int = 300
    others: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All models, the first one first."""
        return (self.name, *self.others)

    @property
    def is_offline(self) -> bool:
        """Whether the built-in program stands in for a network."""
        return self.name == OFFLINE


OFFLINE = "offline"
_NAMESPACE = uuid.UUID("5b0f8f6e-6a2b-4c39-9d1f-1f6a6c1f7a55")


@dataclass(frozen=True, slots=True)
class Limits:
    """What the agent may spend: steps, and US dollars if the price is known."""

    max_iterations: int
    max_cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Order:
    """All that a backend needs to start one task."""

    conversation_id: str
    assignment: Assignment
    prompt: str
    snapshot: Snapshot
    model: Model
    limits: Limits
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A backend's answer to an order: its own words to find the task again, and a page to watch."""

    reference: dict[str, str]
    conversation_url: str = ""


@dataclass(frozen=True, slots=True)
class TaskState:
    """What a backend says of a task now. Times are ISO 8601 in UTC; unknown cost is ``None``.

    ``model`` is the one that the agent uses now, empty where that is not known.
    """

    status: Status
    conclusion: Conclusion | None = None
    error: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    cost_usd: float | None = None
    steps: int = 0
    step: str = ""
    model: str = ""

    def go_on(self, step: str | None = None) -> TaskState:
        """Return the state of a task whose former end does not count: its agent works again."""
        return replace(
            self,
            status=Status.RUNNING,
            conclusion=None,
            error=None,
            completed_at=None,
            step=self.step if step is None else step,
        )


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file that the agent left different from the snapshot.

    ``content`` is ``None`` for a deleted file, and for one that is not a plain file or too large:
    then ``problem`` says so.
    """

    path: str
    content: bytes | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """What came back from a task: changed files and further records by file name."""

    files: tuple[ChangedFile, ...]
    records: dict[str, bytes] = field(default_factory=dict)
    final_message: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """The job of a workflow run that submits: the same job again is the same run."""

    repository: str
    run_id: str
    attempt: str
    job: str


def choose_conversation_id(run: Run | None, order_digest: str) -> str:
    """Return 32 hex digits: in a workflow always the same for the same order, elsewhere new ones.

    So a submit that is repeated within one job starts nothing twice, and a new attempt of the job
    is a new task.
    """
    if run is None:
        return uuid.uuid4().hex
    name = f"{run.repository}\0{run.run_id}\0{run.attempt}\0{run.job}\0{order_digest}"
    return uuid.uuid5(_NAMESPACE, name).hex


def digest_order(assignment: Assignment, model: Model, snapshot_digest: str) -> str:
    """Return a digest of what is asked for, by which a foreign task under one id is told."""
    parts = (
        assignment.module_path,
        assignment.output_path,
        f"{assignment.coverage_threshold:g}",
        assignment.instructions,
        " ".join(model.names),
        snapshot_digest,
    )
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
