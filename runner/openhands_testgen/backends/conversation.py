"""An agent server's conversation as pure data: our order as its request, its record as our state.

Source: the agent server's OpenAPI (1.58.0), and what it was measured to do.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Protocol

from openhands_testgen.domain.task import Conclusion, Status, TaskState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.clients.agent_server import ConversationInfo, Event
    from openhands_testgen.domain.task import Limits, Model

ERROR_EVENT = "ConversationErrorEvent"
ACTION_EVENT = "ActionEvent"
MESSAGE_EVENT = "MessageEvent"
STEP_LENGTH = 100
DETAIL_LENGTH = 500
_KEY_LIKE = re.compile(r"(?i)\b(sk|key|ghp|gho|ghs|pat|bearer)[-_ ][A-Za-z0-9*_-]{8,}")

_RUNNING = {"running", "idle", "deleting"}
_ENDED = {
    "finished": (Status.COMPLETED, None),
    "stuck": (Status.FAILED, Conclusion.STUCK),
    "waiting_for_confirmation": (Status.FAILED, Conclusion.NEEDS_CONFIRMATION),
    "paused": (Status.FAILED, Conclusion.CANCELLED),
    "error": (Status.FAILED, Conclusion.AGENT_ERROR),
}
_REASONS = {
    "stuck": "The agent repeated itself and was stopped.",
    "waiting_for_confirmation": "The agent waits for somebody to confirm a step.",
    "paused": "The agent was stopped before it had finished.",
    "error": "The agent ended with an error and gave no reason.",
}
_CONCLUSIONS_BY_CODE = {"MaxIterationsReached": Conclusion.OVER_BUDGET}


class Startable(Protocol):
    """What of an order the server has to know."""

    @property
    def conversation_id(self) -> str:
        """32 hex digits."""

    @property
    def prompt(self) -> str:
        """The first message."""

    @property
    def limits(self) -> Limits:
        """What the agent may spend."""

    @property
    def tags(self) -> dict[str, str]:
        """By which a foreign conversation under the same id is told."""


def render_request(order: Startable, working_dir: str, model: Model) -> dict[str, object]:
    """Render the body of ``POST /api/conversations`` for an order and the model to use."""
    return {
        "conversation_id": str(uuid.UUID(order.conversation_id)),
        "agent": {
            "kind": "Agent",
            "llm": render_model(model),
            "tools": [{"name": "terminal", "params": {}}, {"name": "file_editor", "params": {}}],
        },
        "workspace": {"kind": "LocalWorkspace", "working_dir": working_dir},
        "autotitle": False,
        "max_iterations": order.limits.max_iterations,
        "stuck_detection": True,
        "tags": order.tags,
        "initial_message": {
            "role": "user",
            "content": [{"type": "text", "text": order.prompt}],
            "run": True,
        },
    }


def render_model(model: Model) -> dict[str, object]:
    """Render a model as the server's ``LLM``."""
    rendered: dict[str, object] = {
        "model": f"openai/{model.name}" if model.is_offline else model.name,
        "usage_id": "agent",
        "num_retries": model.tries,
        "timeout": model.timeout_seconds,
    }
    if model.api_key:
        rendered["api_key"] = model.api_key
    if model.base_url:
        rendered["base_url"] = model.base_url
    return rendered


def read_state(
    info: ConversationInfo, events: Sequence[Event], steps: int | None = None
) -> TaskState:
    """Read a task's state from a conversation and its newest events (newest first).

    ``steps`` is the count of the agent's actions, where the events at hand are not all of them.
    """
    word = info.execution_status or "idle"
    status, conclusion = _ENDED.get(word, (Status.RUNNING, None))
    error = None
    if word == "error":
        conclusion, error = _explain_error(events)
    elif status is Status.FAILED:
        error = _REASONS[word]
    return TaskState(
        status=status,
        conclusion=conclusion,
        error=error,
        started_at=info.created_at,
        completed_at=info.updated_at if status.is_final else None,
        cost_usd=read_cost(info),
        steps=sum(event.kind == ACTION_EVENT for event in events) if steps is None else steps,
        step=_describe_step(events),
        model=info.agent.llm.model,
    )


def is_unknown_word(info: ConversationInfo) -> bool:
    """Whether the server used a status that we do not know: not final, but worth a log line."""
    word = info.execution_status
    return word is not None and word not in _ENDED and word not in _RUNNING


def find_error_code(events: Sequence[Event]) -> str:
    """Return the code of the newest error, or an empty string."""
    return next((event.code or "" for event in events if event.kind == ERROR_EVENT), "")


def was_interrupted_by_restart(info: ConversationInfo, events: Sequence[Event]) -> bool:
    """Whether an ``error`` only means that the server was restarted: no event says why."""
    return info.execution_status == "error" and not any(e.kind == ERROR_EVENT for e in events)


def read_cost(info: ConversationInfo) -> float | None:
    """Sum the cost in US dollars; ``None`` where no price is known, never 0."""
    usages = info.stats.usage_to_metrics.values() if info.stats else ()
    total = sum(usage.accumulated_cost for usage in usages)
    return round(total, 6) if total > 0 else None


def _explain_error(events: Sequence[Event]) -> tuple[Conclusion, str]:
    for event in events:
        if event.kind == ERROR_EVENT:
            code = event.code or "Error"
            conclusion = _CONCLUSIONS_BY_CODE.get(code, Conclusion.AGENT_ERROR)
            return conclusion, f"{code}: {redact(event.detail or '')}"
    return Conclusion.AGENT_ERROR, _REASONS["error"]


def redact(text: str) -> str:
    """Shorten foreign text to a line, without what looks like a key."""
    line = " ".join(_KEY_LIKE.sub("***", text).split())
    return line if len(line) <= DETAIL_LENGTH else line[: DETAIL_LENGTH - 3] + "..."


def _describe_step(events: Sequence[Event]) -> str:
    for event in events:
        if event.kind == ACTION_EVENT:
            return _shorten(event.summary or _describe_action(event))
    return ""


def _describe_action(event: Event) -> str:
    action = event.action
    if action is None:
        return ""
    kind = action.kind.removesuffix("Action")
    return f"{kind}: {action.command or ''} {action.path or ''}".strip(": ")


def _shorten(text: str) -> str:
    line = redact(text)
    return line if len(line) <= STEP_LENGTH else line[: STEP_LENGTH - 3] + "..."
