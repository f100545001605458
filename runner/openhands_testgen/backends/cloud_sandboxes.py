"""The agent servers inside of OpenHands Cloud's sandboxes, as far as they are reached from here."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from openhands_testgen.backends.watch import ConversationWatch
from openhands_testgen.clients.agent_server import AgentServerClient
from openhands_testgen.clients.http import Patience
from openhands_testgen.errors import BackendUnreachableError, ConfigurationError, GenerationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from openhands_testgen.clients.cloud_answers import Conversation
    from openhands_testgen.domain.task import TaskState

PATIENCE = Patience(connect_seconds=4.0, tries=2, total_seconds=40.0)
_CALLS = "/api/conversations/"


class Sandboxes:
    """Reaches sandboxes by the address and the key in their conversations' records.

    Such an address comes from a server: nothing but the sandbox's own key is sent there, and never
    without TLS where the service itself is reached with it.
    """

    def __init__(
        self, learn_secret: Callable[[str], None], *, needs_tls: bool, patience: Patience = PATIENCE
    ) -> None:
        """Take what masks a key before anything is logged."""
        self._learn_secret = learn_secret
        self._needs_tls = needs_tls
        self._patience = patience
        self._clients: dict[tuple[str, str], AgentServerClient] = {}
        self._watches: dict[AgentServerClient, ConversationWatch] = {}
        self._deaf: set[str] = set()

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.aclose()

    def reach(self, conversation: Conversation) -> AgentServerClient | None:
        """Return a client for a conversation's sandbox, ``None`` if it cannot be reached.

        A sandbox that was resumed has another key, so it is another client.
        """
        url = (conversation.conversation_url or "").rpartition(_CALLS)[0]
        key = (
            conversation.session_api_key.get_secret_value() if conversation.session_api_key else ""
        )
        if not url or url in self._deaf or (self._needs_tls and urlsplit(url).scheme != "https"):
            return None
        if (url, key) not in self._clients:
            self._learn_secret(key)
            try:
                client = AgentServerClient(url, key, self._patience)
            except ConfigurationError:
                return None
            self._clients[url, key] = client
        return self._clients[url, key]

    def note(self, conversation: Conversation, error: GenerationError) -> None:
        """Remember a sandbox that does not answer, so that nobody waits for it again."""
        if isinstance(error, BackendUnreachableError):
            self._deaf.add(_get_address(conversation))

    async def look(self, conversation: Conversation) -> TaskState | None:
        """Ask the sandbox itself where a conversation stands; ``None`` if it does not say.

        It knows the reason of an error, the cost, and whether it was merely restarted.
        """
        client = self.reach(conversation)
        if client is None:
            return None
        watch = self._find_watch(client)
        try:
            state = (await watch.get_states([conversation.id]))[conversation.id]
        except GenerationError as error:
            self.note(conversation, error)
            return None
        return None if isinstance(state, GenerationError) else state

    async def tell(self, conversation: Conversation, message: str) -> bool:
        """Give the agent another message, once; return whether the sandbox could be reached."""
        client = self.reach(conversation)
        if client is None:
            return False
        try:
            await self._find_watch(client).tell(conversation.id, message)
        except GenerationError as error:
            self.note(conversation, error)
            return False
        return True

    def _find_watch(self, client: AgentServerClient) -> ConversationWatch:
        return self._watches.setdefault(client, ConversationWatch(client, lambda _: None))


def _get_address(conversation: Conversation) -> str:
    return (conversation.conversation_url or "").rpartition(_CALLS)[0]
