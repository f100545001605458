"""Finding tasks on OpenHands Cloud: as conversations, or as the starts of some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from openhands_testgen.backends.cloud_records import (
    FAILED_START,
    read_conversation,
    read_reference,
    read_start,
)
from openhands_testgen.clients.cloud import MAX_IDS_IN_A_REQUEST
from openhands_testgen.errors import BackendUnreachableError, TaskFailedError, TaskIdError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openhands_testgen.backends.cloud_records import Reference
    from openhands_testgen.clients.cloud import CloudClient
    from openhands_testgen.clients.cloud_answers import Conversation, StartTask
    from openhands_testgen.domain.ports import Clock
    from openhands_testgen.domain.task_id import TaskId

SANDBOX_SECONDS = 180.0
LOOK_SECONDS = 2.0
READY = "READY"
UNKNOWN = (
    "OpenHands does not know this task. Was it submitted with another key or to another "
    "`cloud-url`, or deleted there?"
)


@dataclass(frozen=True, slots=True)
class Watched:
    """A task with what the service has of it: ``start`` only as long as there is no conversation.

    Neither is there for a task that the service does not know, or no longer.
    """

    task_id: TaskId
    reference: Reference
    conversation: Conversation | None = None
    start: StartTask | None = None


async def find_tasks(client: CloudClient, task_ids: Sequence[TaskId]) -> dict[str, Watched | None]:
    """Find tasks by conversation id; ``None`` for an id that is none of this backend's.

    One request for 99 tasks, and one more if there are some that start.
    """
    found: dict[str, Watched | None] = {}
    for start in range(0, len(task_ids), MAX_IDS_IN_A_REQUEST):
        chunk = task_ids[start : start + MAX_IDS_IN_A_REQUEST]
        read = {one.conversation_id: read_reference(one.reference) for one in chunk}
        references = {key: one for key, one in read.items() if one is not None}
        conversations, starts = await _ask(client, references)
        found |= {
            one.conversation_id: Watched(
                one,
                references[one.conversation_id],
                conversations.get(one.conversation_id),
                starts.get(one.conversation_id),
            )
            if one.conversation_id in references
            else None
            for one in chunk
        }
    return found


async def _ask(
    client: CloudClient, references: Mapping[str, Reference]
) -> tuple[dict[str, Conversation], dict[str, StartTask]]:
    conversations = await _ask_conversations(client, list(references))
    missing = [key for key in references if key not in conversations]
    if not missing:
        return conversations, {}
    answers = await client.get_start_tasks([references[key].start_id for key in missing])
    starts = {key: one for key, one in zip(missing, answers, strict=True) if _belongs(one, key)}
    begun = [key for key, one in starts.items() if one.status == READY]
    # They began between the two requests; one that is still not there was deleted.
    conversations |= await _ask_conversations(client, begun)
    return conversations, {key: one for key, one in starts.items() if one.status != READY}


def _belongs(start: StartTask | None, key: str) -> TypeGuard[StartTask]:
    """Whether a start is that of a conversation, and not another one that an id names."""
    return start is not None and start.request.conversation_id == key


async def _ask_conversations(client: CloudClient, ids: Sequence[str]) -> dict[str, Conversation]:
    answers = await client.get_conversations(ids) if ids else []
    return {key: one for key, one in zip(ids, answers, strict=True) if one is not None}


async def wait_for_sandbox(
    client: CloudClient, clock: Clock, conversation_id: str, start_id: str
) -> Conversation:
    """Wait until a conversation's sandbox runs; one that sleeps is woken.

    Raises:
        TaskFailedError: it never started, or is gone.
        TaskIdError: the service does not know it.
        BackendUnreachableError: it takes too long.

    """
    deadline = clock.monotonic() + SANDBOX_SECONDS
    is_woken = False
    while clock.monotonic() < deadline:
        (conversation,) = await client.get_conversations([conversation_id])
        if conversation is None:
            await _check_start(client, start_id)
        elif conversation.sandbox_status == "RUNNING":
            return conversation
        elif conversation.sandbox_status == "PAUSED" and not is_woken:
            await client.resume_sandbox(conversation.sandbox_id)
            is_woken = True
        elif problem := read_conversation(conversation).error:
            raise TaskFailedError(problem)
        await clock.sleep(LOOK_SECONDS)
    message = f"The sandbox does not run after {SANDBOX_SECONDS:g} s. Try again with the same id."
    raise BackendUnreachableError(message)


async def _check_start(client: CloudClient, start_id: str) -> None:
    (start,) = await client.get_start_tasks([start_id])
    if start is None:
        raise TaskIdError(UNKNOWN)
    if start.status == FAILED_START:
        raise TaskFailedError(read_start(start).error)
