"""What can be said to an agent on OpenHands Cloud: to stop, or to go on with something else."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from openhands_testgen.backends.cloud_records import STOPPED
from openhands_testgen.backends.conversation import MESSAGE_EVENT
from openhands_testgen.errors import GenerationError

if TYPE_CHECKING:
    from openhands_testgen.backends.cloud_lookup import Watched
    from openhands_testgen.backends.cloud_sandboxes import Sandboxes
    from openhands_testgen.clients.cloud import CloudClient
    from openhands_testgen.clients.cloud_answers import Conversation

MAX_MESSAGES = 100


class CloudControl:
    """Speaks to agents through their sandboxes, or where those are out of reach the service."""

    def __init__(self, client: CloudClient, sandboxes: Sandboxes) -> None:
        """Take the connections."""
        self._client = client
        self._sandboxes = sandboxes

    async def stop(self, watched: Watched) -> None:
        """Stop an agent, inside a command too, and leave a mark that it was on purpose.

        Without a way to the sandbox it is frozen as a whole.
        """
        conversation = watched.conversation
        if conversation is None:
            return
        await self._mark(watched)
        client = self._sandboxes.reach(conversation)
        if client is not None:
            try:
                await client.interrupt(str(uuid.UUID(conversation.id)))
            except GenerationError as error:
                self._sandboxes.note(conversation, error)
            else:
                return
        if conversation.sandbox_status != "PAUSED":
            await self._client.pause_sandbox(conversation.sandbox_id)

    async def tell(self, conversation: Conversation, message: str) -> None:
        """Give an agent another message; one that it was given before is not given again."""
        if await self._sandboxes.tell(conversation, message):
            return
        events = await self._client.get_newest_events(
            conversation.id, MESSAGE_EVENT, limit=MAX_MESSAGES
        )
        if not any(one.llm_message and one.llm_message.text == message for one in events):
            await self._client.send_message(conversation.id, message)

    async def _mark(self, watched: Watched) -> None:
        """Say in the title that the agent was stopped; without the mark it is stopped as well."""
        title = f"{STOPPED} for {watched.task_id.module_path}"
        try:
            await self._client.rename(watched.task_id.conversation_id, title)
        except GenerationError:
            return
