"""Backend ``agent-server``: a running OpenHands agent server, by its address and key."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from openhands_testgen.backends.conversation import read_state, render_request
from openhands_testgen.backends.remote_folder import RemoteFolder
from openhands_testgen.backends.watch import ConversationWatch, make_unknown_error
from openhands_testgen.domain.task import Receipt, Work
from openhands_testgen.errors import BackendError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openhands_testgen.clients.agent_server import AgentServerClient, ConversationInfo
    from openhands_testgen.domain.task import Model, Order, TaskState
    from openhands_testgen.domain.task_id import TaskId
    from openhands_testgen.errors import GenerationError

PLACE = "/tmp/openhands-testgen"  # noqa: S108 - on the server's machine, one folder a task


class AgentServerBackend:
    """Runs tasks on an agent server."""

    name = "agent-server"

    def __init__(self, client: AgentServerClient, model: Model | None = None) -> None:
        """Take the connection, and the key with which another model may go on."""
        self._client = client
        self._watch = ConversationWatch(client, lambda _: model)

    async def submit(self, order: Order) -> Receipt:
        """Upload the snapshot, then start the conversation under our own id."""
        if order.model.is_offline and not order.model.base_url:
            message = (
                "`offline` runs beside the embedded engine; for an agent server name a model, or "
                "use `backend: embedded`"
            )
            raise ConfigurationError(message, field="llm-model")
        repository = _get_repository(order.conversation_id)
        if await self._find(order.conversation_id) is None:
            await self._get_folder(order.conversation_id).create(order.snapshot)
        info = await self._client.create_conversation(
            render_request(order, repository, order.model)
        )
        if info.tags != order.tags:
            message = (
                f"Another task runs under the id {order.conversation_id} on this agent server. "
                "Nothing was started; submit from another job or run attempt."
            )
            raise BackendError(message)
        return Receipt(reference={})

    async def get_states(
        self, task_ids: Sequence[TaskId]
    ) -> Mapping[str, TaskState | GenerationError]:
        """Ask for all conversations at once, and for the newest steps of those that run."""
        return await self._watch.get_states([one.conversation_id for one in task_ids])

    async def get_work(self, task_id: TaskId) -> Work:
        """Fetch every changed plain file byte for byte, the last words and the trajectory."""
        folder = self._get_folder(task_id.conversation_id)
        files = await folder.fetch(await folder.list_changes(task_id.output_path))
        return Work(
            files=tuple(files),
            records={"trajectory.zip": await self._client.download_trajectory(_uuid(task_id))},
            final_message=await self._client.get_final_response(_uuid(task_id)),
        )

    async def tell(self, task_id: TaskId, message: str) -> None:
        """Send a message."""
        await self._watch.tell(task_id.conversation_id, message)

    async def cancel(self, task_id: TaskId) -> None:
        """Interrupt the agent, inside a command too.

        Raises:
            TaskIdError: the server has no such task.

        """
        info = await self._find(task_id.conversation_id)
        if info is None:
            raise make_unknown_error()
        if not read_state(info, ()).status.is_final:
            await self._client.interrupt(_uuid(task_id))

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def _find(self, conversation_id: str) -> ConversationInfo | None:
        infos = await self._client.get_conversations([str(uuid.UUID(conversation_id))])
        return infos[0] if infos else None

    def _get_folder(self, conversation_id: str) -> RemoteFolder:
        return RemoteFolder(self._client, _get_repository(conversation_id))


def _get_repository(conversation_id: str) -> str:
    return f"{PLACE}/{conversation_id}"


def _uuid(task_id: TaskId) -> str:
    return str(uuid.UUID(task_id.conversation_id))
