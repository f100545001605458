"""OpenHands Cloud's records as pure data: our order as its request, its records as our states.

Source: the app server's OpenAPI (1.11.0), its code, and what it was measured to do.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from openhands_testgen.backends.conversation import is_unknown_word, read_state, redact
from openhands_testgen.clients.agent_server import ConversationInfo, Stats, Usage
from openhands_testgen.domain.task import Conclusion, Limits, Status, TaskState
from openhands_testgen.domain.task_id import is_safe_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openhands_testgen.clients.agent_server import Event
    from openhands_testgen.clients.cloud_answers import Conversation, StartTask
    from openhands_testgen.domain.revision import Revision
    from openhands_testgen.domain.task import Order

PROJECTS = "/workspace/project"
PLACE_TAG = "archiveworkspacepath"
STOPPED = "Stopped: unit tests"
FAILED_START = "ERROR"
_START, _COMMIT, _PREFIX, _COST, _STEPS = "s", "b", "p", "m", "i"
_ID = re.compile(r"[0-9a-f]{32}")
_STARTING = {
    "WORKING": "OpenHands starts",
    "WAITING_FOR_SANDBOX": "the sandbox starts",
    "PREPARING_REPOSITORY": "the repository is cloned",
    "RUNNING_SETUP_SCRIPT": "the repository's setup script runs",
    "SETTING_UP_GIT_HOOKS": "the repository's git hooks are set up",
    "SETTING_UP_SKILLS": "the agent's skills are set up",
    "STARTING_CONVERSATION": "the agent starts",
    "READY": "the agent starts",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """What a task id carries for this backend.

    ``commit`` is empty where the project was uploaded; ``prefix`` is the project's folder in the
    repository. The limits travel because nobody but us keeps them.
    """

    start_id: str
    commit: str
    prefix: str
    limits: Limits


def render_reference(start_id: str, revision: Revision | None, limits: Limits) -> dict[str, str]:
    """Render what a task id must carry."""
    reference = {_START: start_id, _STEPS: str(limits.max_iterations)}
    if limits.max_cost_usd is not None:
        reference[_COST] = f"{limits.max_cost_usd:.6f}"
    if revision is not None:
        reference[_COMMIT] = revision.commit
        if revision.prefix:
            encoded = base64.urlsafe_b64encode(revision.prefix.encode())
            reference[_PREFIX] = encoded.decode().rstrip("=")
    return reference


def read_reference(reference: Mapping[str, str]) -> Reference | None:
    """Read what a task id carries, which is untrusted; ``None`` if it is not one of ours."""
    try:
        prefix = _decode(reference.get(_PREFIX, ""))
        cost = float(reference[_COST]) if _COST in reference else None
        limits = Limits(int(reference[_STEPS]), cost)
    except (KeyError, ValueError, binascii.Error):
        return None
    start_id, commit = reference.get(_START, ""), reference.get(_COMMIT, "")
    if not _ID.fullmatch(start_id) or not re.fullmatch(r"([0-9a-f]{40,64})?", commit):
        return None
    if prefix and not is_safe_path(prefix):
        return None
    return Reference(start_id, commit, prefix, limits)


def _decode(text: str) -> str:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()


def render_title(order: Order) -> str:
    """Render a title by which people see what a task is, and we that it is this order's."""
    return f"Unit tests for {order.assignment.module_path} ({order.tags.get('order', '')[:12]})"


def render_start(order: Order, revision: Revision | None) -> dict[str, object]:
    """Render the body of ``POST /api/v1/app-conversations``.

    Without a revision the agent gets its message later, when the project is there.
    """
    body: dict[str, object] = {
        "conversation_id": str(uuid.UUID(order.conversation_id)),
        "title": render_title(order),
        "trigger": "openhands_api",
    }
    if order.model.name:
        body["llm_model"] = order.model.name
    if revision is not None:
        text = order.prompt + render_whereabouts(revision)
        body |= {
            "initial_message": {
                "role": "user",
                "content": [{"type": "text", "text": text}],
                "run": True,
            },
            "selected_repository": revision.repository,
            "selected_branch": revision.branch,
            "git_provider": revision.provider,
        }
    return body


def render_whereabouts(revision: Revision) -> str:
    """Tell the agent which commit to work on: the service checks out a branch, which may move."""
    commit = revision.commit
    text = (
        "\n## Where you are\n\n"
        f"The repository is checked out in your working directory. Work on commit `{commit}`: if "
        f"`git rev-parse HEAD` names another one, first run `git fetch --depth 1 origin {commit} "
        f"&& git checkout --detach {commit}`.\n"
    )
    if not revision.prefix:
        return text
    return f"{text}All paths above are relative to the folder `{revision.prefix}`; work there.\n"


def read_start(task: StartTask) -> TaskState:
    """Read the state of a task whose conversation is not there yet."""
    started_at = to_utc(task.created_at)
    if task.status == FAILED_START:
        reason = redact(task.detail or "no reason was given")
        return TaskState(
            Status.FAILED,
            Conclusion.AGENT_ERROR,
            error=f"OpenHands could not start the agent: {reason}",
            started_at=started_at,
            completed_at=to_utc(task.updated_at),
        )
    return TaskState(
        Status.QUEUED, step=_STARTING.get(task.status, f"OpenHands says {task.status!r}")
    )


def read_conversation(
    conversation: Conversation, events: Sequence[Event] = (), steps: int = 0
) -> TaskState:
    """Read the state of a task from its conversation and newest events.

    A paused sandbox is still running here: whether it is to be resumed is not in the record.
    """
    sandbox = conversation.sandbox_status
    info = to_info(conversation)
    state = read_state(info, events, steps)
    if sandbox in _LOST:
        return replace(
            state, status=Status.FAILED, conclusion=Conclusion.LOST, error=_LOST[sandbox]
        )
    if sandbox == "STARTING":
        return replace(state, step="the sandbox starts")
    if is_unknown_word(info):
        return replace(state, step=f"OpenHands says {info.execution_status!r}")
    return state


_LOST = {
    "MISSING": "The sandbox is gone, and the agent's work with it: OpenHands removes sandboxes "
    "after a while. Collect sooner.",
    "ERROR": "The sandbox ended with an error, and the agent's work with it.",
}


def to_info(conversation: Conversation) -> ConversationInfo:
    """Put a record into the agent server's form; its execution status counts while it runs."""
    metrics = conversation.metrics
    cost = metrics.accumulated_cost if metrics else 0.0
    is_running = conversation.sandbox_status == "RUNNING"
    return ConversationInfo(
        id=conversation.id,
        execution_status=conversation.execution_status if is_running else None,
        stats=Stats(usage_to_metrics={"all": Usage(accumulated_cost=cost)}),
        created_at=to_utc(conversation.created_at),
        updated_at=to_utc(conversation.updated_at),
    )


def is_stopped_by_us(conversation: Conversation) -> bool:
    """Whether one of our processes stopped the agent: the title says so wherever we look from."""
    return (conversation.title or "").startswith(STOPPED)


def find_project(conversation: Conversation) -> str:
    """Return the folder in which the service lets the agent work."""
    base = conversation.tags.get(PLACE_TAG) or PROJECTS
    name = (conversation.selected_repository or "").rpartition("/")[2]
    return f"{base}/{name}" if name else base


def to_utc(text: str | None) -> str | None:
    """Complete a time: start tasks have it in UTC without saying so."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")
