"""Starting tasks on OpenHands Cloud: each once, whatever becomes of the answers."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from typing import TYPE_CHECKING

from openhands_testgen.backends.cloud_folder import resolve
from openhands_testgen.backends.cloud_lookup import wait_for_sandbox
from openhands_testgen.backends.cloud_records import FAILED_START, render_start, render_title
from openhands_testgen.backends.conversation import MESSAGE_EVENT
from openhands_testgen.backends.remote_folder import RemoteFolder
from openhands_testgen.errors import (
    AuthenticationError,
    BackendError,
    BackendUnreachableError,
    GenerationError,
)

if TYPE_CHECKING:
    from openhands_testgen.backends.cloud_sandboxes import Sandboxes
    from openhands_testgen.clients.agent_server import AgentServerClient, ConversationInfo
    from openhands_testgen.clients.cloud import CloudClient
    from openhands_testgen.clients.cloud_answers import StartTask
    from openhands_testgen.domain.ports import Clock, Progress
    from openhands_testgen.domain.revision import Revision
    from openhands_testgen.domain.task import Order

TRIES = 3
AGAIN_SECONDS = 1.0


class Starter:
    """Starts conversations."""

    def __init__(
        self, client: CloudClient, sandboxes: Sandboxes, clock: Clock, progress: Progress
    ) -> None:
        """Take the connections."""
        self._client = client
        self._sandboxes = sandboxes
        self._clock = clock
        self._progress = progress
        self._doors: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def start(self, order: Order, revision: Revision | None) -> StartTask:
        """Start a conversation, or find the one that was started for the same order.

        Without a revision the project is brought into the sandbox before the agent is told what
        to do.
        """
        async with self._doors[order.conversation_id]:
            task = await self._post(order, revision)
            if revision is None:
                await self._bring(order, task)
            return task

    async def _post(self, order: Order, revision: Revision | None) -> StartTask:
        """Look before each try whether the service has it: an answer may have been lost."""
        trouble: BackendError | None = None
        for _ in range(TRIES):
            known = await self._find(order)
            if known is not None:
                return known
            try:
                return await self._client.start(render_start(order, revision))
            except BackendError as error:
                trouble = error
            await self._clock.sleep(AGAIN_SECONDS)
        raise trouble or BackendError("OpenHands was not asked to start anything.")

    async def _find(self, order: Order) -> StartTask | None:
        """Find the start task of an order; one that failed does not keep from another."""
        for task in await self._client.find_newest_start_tasks():
            is_same = task.request.conversation_id == order.conversation_id
            if not is_same or task.status == FAILED_START:
                continue
            if task.request.title != render_title(order):
                message = (
                    f"Another task runs under the id {order.conversation_id} on OpenHands. "
                    "Nothing was started; submit from another job or run attempt."
                )
                raise BackendError(message)
            return task
        return None

    async def _bring(self, order: Order, task: StartTask) -> None:
        """Bring the project into the sandbox, then the message to the agent."""
        self._progress.say(
            f"[{order.conversation_id[:8]}] this state of the project is not pushed (or changes "
            "are not committed): waiting for the sandbox, to upload it"
        )
        conversation = await wait_for_sandbox(
            self._client, self._clock, order.conversation_id, task.id
        )
        client = self._sandboxes.reach(conversation)
        if client is None:
            message = (
                "This state of the project is not pushed, and the sandbox cannot be reached from "
                "here to upload it. Push it first."
            )
            raise BackendError(message)
        if not await self._fill(order, client):
            await self._tell(order, client)

    async def _fill(self, order: Order, client: AgentServerClient) -> bool:
        """Unpack the project in the sandbox, and return whether the agent was told already."""
        try:
            info = await find_info(client, order.conversation_id)
            if await _has_begun(client, info):
                return True
            path = await resolve(client, info.workspace.working_dir)
            await RemoteFolder(client, path).fill(order.snapshot)
        except GenerationError as error:
            reason = "it cannot be reached from here" if _is_distant(error) else str(error)
            message = f"The project could not be brought into the sandbox (push it): {reason}"
            raise BackendError(message) from error
        return False

    async def _tell(self, order: Order, client: AgentServerClient) -> None:
        for tries_left in reversed(range(TRIES)):
            try:
                await self._client.send_message(order.conversation_id, order.prompt)
            except BackendUnreachableError:
                if await _has_begun(client, await find_info(client, order.conversation_id)):
                    return
                if not tries_left:
                    raise
            else:
                return


async def find_info(client: AgentServerClient, conversation_id: str) -> ConversationInfo:
    """Find a conversation on its sandbox's agent server.

    Raises:
        BackendError: it is not there.

    """
    (info,) = await client.get_conversations([str(uuid.UUID(conversation_id))])
    if info is None:
        message = "The sandbox does not know the conversation that it was started for."
        raise BackendError(message)
    return info


def _is_distant(error: GenerationError) -> bool:
    return isinstance(error, BackendUnreachableError | AuthenticationError)


async def _has_begun(client: AgentServerClient, info: ConversationInfo) -> bool:
    """Whether the agent was told what to do."""
    if info.execution_status not in {None, "idle"}:
        return True
    return await client.get_event_count(info.id, MESSAGE_EVENT) > 0
