"""Backend ``cloud``: OpenHands Cloud, or a self-hosted app server, by its address and key.

The agent gets the project from the host where it was pushed, and submit returns at once. What is
not pushed is uploaded into the sandbox, for which submit has to wait until there is one.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Protocol

from openhands_testgen.backends.cloud_control import CloudControl
from openhands_testgen.backends.cloud_folder import (
    fetch_project,
    open_sandbox_folder,
    open_service_folder,
)
from openhands_testgen.backends.cloud_lookup import UNKNOWN, Watched, find_tasks, wait_for_sandbox
from openhands_testgen.backends.cloud_records import (
    FAILED_START,
    is_stopped_by_us,
    read_conversation,
    render_reference,
)
from openhands_testgen.backends.cloud_start import Starter, find_info
from openhands_testgen.backends.cloud_watch import FINISH, CloudWatch
from openhands_testgen.backends.conversation import ACTION_EVENT
from openhands_testgen.domain.task import Receipt, Work
from openhands_testgen.errors import (
    BackendError,
    ConfigurationError,
    GenerationError,
    TaskFailedError,
    TaskIdError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from openhands_testgen.backends.cloud_sandboxes import Sandboxes
    from openhands_testgen.clients.agent_server import AgentServerClient
    from openhands_testgen.clients.cloud import CloudClient
    from openhands_testgen.clients.cloud_answers import Conversation
    from openhands_testgen.domain.ports import Clock, Progress
    from openhands_testgen.domain.revision import Revision
    from openhands_testgen.domain.task import Order, TaskState
    from openhands_testgen.domain.task_id import TaskId

TRAJECTORY = "trajectory.zip"
CANCEL_SECONDS = 5.0
CANCEL_LOOK_SECONDS = 0.5


class FindRevision(Protocol):
    """Tells where others can get the project in a folder; ``None`` if nowhere."""

    def __call__(self, folder: Path) -> Revision | None:
        """Tell, without the network."""


class CloudBackend:
    """Runs tasks on OpenHands Cloud."""

    name = "cloud"

    def __init__(
        self,
        client: CloudClient,
        sandboxes: Sandboxes,
        find_revision: FindRevision,
        clock: Clock,
        progress: Progress,
    ) -> None:
        """Take the connections and what looks at the project's repository."""
        self._client = client
        self._sandboxes = sandboxes
        self._find_revision = find_revision
        self._clock = clock
        self._starter = Starter(client, sandboxes, clock, progress)
        self._control = CloudControl(client, sandboxes)
        self._watch = CloudWatch(client, sandboxes, self._control, clock)

    async def submit(self, order: Order) -> Receipt:
        """Start the conversation under our own id; bring the project along if it is not pushed."""
        if order.model.is_offline:
            message = (
                "`offline` runs beside the embedded engine; leave `llm-model` out to use the model "
                "of your OpenHands settings, or use `backend: embedded`"
            )
            raise ConfigurationError(message, field="llm-model")
        revision = await asyncio.to_thread(self._find_revision, order.snapshot.root)
        task = await self._starter.start(order, revision)
        return Receipt(
            reference=render_reference(task.id, revision, order.limits),
            conversation_url=self._client.get_page(order.conversation_id),
        )

    async def get_states(
        self, task_ids: Sequence[TaskId]
    ) -> Mapping[str, TaskState | GenerationError]:
        """Ask for all tasks at once, for the newest steps of those that moved."""
        return await self._watch.get_states(task_ids)

    async def get_work(self, task_id: TaskId) -> Work:
        """Fetch every changed file, the last words and the trajectory; wake the sandbox for it."""
        watched = await self._find(task_id)
        if watched.start is not None or _is_frozen(watched.conversation):
            return Work(files=())
        conversation = await wait_for_sandbox(
            self._client, self._clock, task_id.conversation_id, watched.reference.start_id
        )
        awake = Watched(task_id, watched.reference, conversation)
        client = self._sandboxes.reach(conversation)
        if client is not None:
            try:
                return await self._fetch_from_sandbox(client, awake)
            except TaskFailedError:
                raise
            except GenerationError as error:
                self._sandboxes.note(conversation, error)
        return await self._fetch_through_service(conversation, awake)

    async def tell(self, task_id: TaskId, message: str) -> None:
        """Send a message; a sandbox that sleeps is woken for it."""
        watched = await self._find(task_id)
        conversation = await wait_for_sandbox(
            self._client, self._clock, task_id.conversation_id, watched.reference.start_id
        )
        await self._watch.tell(conversation, message)

    async def cancel(self, task_id: TaskId) -> None:
        """Interrupt the agent; one that has not started yet loses its sandbox.

        Raises:
            BackendError: there is nothing yet that could be stopped.

        """
        deadline = self._clock.monotonic() + CANCEL_SECONDS
        while True:
            watched = await self._find(task_id)
            if watched.conversation is not None:
                if not read_conversation(watched.conversation).status.is_final:
                    await self._control.stop(watched)
                return
            if await self._prevent(watched):
                return
            if self._clock.monotonic() >= deadline:
                message = "The agent has not started yet, so it cannot be stopped. Try again soon."
                raise BackendError(message)
            await self._clock.sleep(CANCEL_LOOK_SECONDS)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._sandboxes.aclose()
        await self._client.aclose()

    async def _find(self, task_id: TaskId) -> Watched:
        watched = (await find_tasks(self._client, [task_id]))[task_id.conversation_id]
        if watched is None or (watched.conversation is None and watched.start is None):
            raise TaskIdError(UNKNOWN)
        return watched

    async def _prevent(self, watched: Watched) -> bool:
        """Take the sandbox away before the agent starts, if it is this task's alone."""
        start = watched.start
        if start is None or start.status == FAILED_START:
            return True
        if start.sandbox_id != watched.task_id.conversation_id:
            return False
        await self._client.delete_sandbox(start.sandbox_id)
        return True

    async def _fetch_from_sandbox(self, client: AgentServerClient, watched: Watched) -> Work:
        key = str(uuid.UUID(watched.task_id.conversation_id))
        info = await find_info(client, key)
        folder = await open_sandbox_folder(client, info, watched)
        return Work(
            files=await fetch_project(folder, watched),
            records={TRAJECTORY: await client.download_trajectory(key)},
            final_message=await client.get_final_response(key),
        )

    async def _fetch_through_service(self, conversation: Conversation, watched: Watched) -> Work:
        key = watched.task_id.conversation_id
        folder = open_service_folder(self._client, conversation, watched.reference)
        events = await self._client.get_newest_events(key, ACTION_EVENT)
        action = events[0].action if events else None
        return Work(
            files=await fetch_project(folder, watched),
            records={TRAJECTORY: await self._client.download_trajectory(key)},
            final_message=(action.message or "") if action and action.kind == FINISH else "",
        )


def _is_frozen(conversation: Conversation | None) -> bool:
    """Whether the sandbox was frozen to stop the agent: to wake it would let the agent go on."""
    return (
        conversation is not None
        and conversation.sandbox_status == "PAUSED"
        and is_stopped_by_us(conversation)
    )
