"""Watching conversations on an agent server: their states, and those that a restart interrupted."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from openhands_testgen.backends.conversation import (
    ACTION_EVENT,
    ERROR_EVENT,
    MESSAGE_EVENT,
    find_error_code,
    is_unknown_word,
    read_state,
    render_model,
    was_interrupted_by_restart,
)
from openhands_testgen.clients.agent_server import MAX_IDS_IN_A_REQUEST
from openhands_testgen.domain.succession import TAG, choose_model
from openhands_testgen.domain.task import Conclusion, Status, TaskState
from openhands_testgen.errors import BackendError, TaskIdError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from openhands_testgen.clients.agent_server import (
        AgentServerClient,
        ConversationInfo,
        Event,
    )
    from openhands_testgen.domain.task import Model
    from openhands_testgen.errors import GenerationError

    type FindModel = Callable[[str], Model | None]

MAX_RESUMES = 5
# One that was just created is idle for a moment; one that stays so was left by a dying server.
IDLE_LOOKS = 3
# One that was told to go on may show its former end in the first looks.
LOOKS_AFTER_TELLING = 5


@dataclass(frozen=True, slots=True)
class _Glimpse:
    """The newest step of a conversation, and the moment to which it belongs."""

    moment: tuple[str | None, str | None]
    events: list[Event]
    steps: int
    errors: int


class ConversationWatch:
    """Tells where conversations stand; resumes those that a restart of the server interrupted."""

    def __init__(self, client: AgentServerClient, find_model: FindModel) -> None:
        """Take the connection, and where to find the key with which another model may go on.

        ``find_model`` returns ``None`` where nobody may start more work.
        """
        self._client = client
        self._find_model = find_model
        self._glimpses: dict[str, _Glimpse] = {}
        self._resumes: Counter[str] = Counter()
        self._idle_looks: Counter[str] = Counter()
        self._told: dict[str, int] = {}

    async def get_states(
        self, conversation_ids: Sequence[str]
    ) -> Mapping[str, TaskState | GenerationError]:
        """Ask for all conversations at once, and for the newest steps of those that moved.

        Raises:
            BackendError: the server broke its contract, or cannot be reached.

        """
        states: dict[str, TaskState | GenerationError] = {}
        for start in range(0, len(conversation_ids), MAX_IDS_IN_A_REQUEST):
            chunk = conversation_ids[start : start + MAX_IDS_IN_A_REQUEST]
            infos = await self._client.get_conversations([str(uuid.UUID(one)) for one in chunk])
            if len(infos) != len(chunk):
                message = f"The agent server answered {len(infos)} of {len(chunk)} conversations."
                raise BackendError(message)
            answers = await asyncio.gather(*map(self._read, infos))
            states.update(zip(chunk, answers, strict=True))
        return states

    async def tell(self, conversation_id: str, message: str) -> None:
        """Give the agent another message; one that it was given before is not given again."""
        key = str(uuid.UUID(conversation_id))
        events = await self._client.get_events(key, newest_first=True, kind=MESSAGE_EVENT)
        if not any(one.llm_message and one.llm_message.text == message for one in events):
            await self._client.send_message(key, message)
        self._told[key] = LOOKS_AFTER_TELLING

    async def _read(self, info: ConversationInfo | None) -> TaskState | GenerationError:
        if info is None:
            return make_unknown_error()
        glimpse = await self._glimpse(info)
        if was_interrupted_by_restart(info, glimpse.events) or self._is_left_idle(info):
            return await self._resume(info, glimpse)
        state = read_state(info, glimpse.events, glimpse.steps)
        code = find_error_code(glimpse.events)
        if name := choose_model(info.tags, state.model, code, glimpse.errors):
            return await self._pass_on(info, state, name)
        if self._is_not_yet_on(info, state):
            return state.go_on()
        if is_unknown_word(info):
            return replace(state, step=f"the server says {info.execution_status!r}")
        return state

    def _is_left_idle(self, info: ConversationInfo) -> bool:
        if info.execution_status != "idle":
            self._idle_looks.pop(info.id, None)
            return False
        self._idle_looks[info.id] += 1
        return self._idle_looks[info.id] >= IDLE_LOOKS

    def _is_not_yet_on(self, info: ConversationInfo, state: TaskState) -> bool:
        """Whether an agent that was given a message still shows its former end."""
        if not state.status.is_final:
            self._told.pop(info.id, None)
        if info.id not in self._told:
            return False
        self._told[info.id] -= 1
        return self._told[info.id] >= 0

    async def _pass_on(self, info: ConversationInfo, state: TaskState, name: str) -> TaskState:
        """Let a conversation go on with a model that has not failed yet.

        A key goes to the address of the conversation's own record and to no other.
        """
        model, used = self._find_model(info.id), info.agent.llm
        if model is None:
            return state
        if not (model.api_key or model.base_url):
            hint = f"{name} could go on, but its key is not here: set LLM_API_KEY for this step"
            return replace(state, error=f"{state.error}. {hint}.")
        if name != state.model:
            following = replace(model, name=name, base_url=used.base_url or "")
            await self._client.switch_model(info.id, render_model(following))
        await self._client.run(info.id)
        step = f"goes on with {name}, for {state.model} failed: {state.error}"
        return replace(state.go_on(step), model=name)

    async def _resume(self, info: ConversationInfo, glimpse: _Glimpse) -> TaskState:
        """Let a conversation that a restarted server left behind go on.

        One that is being resumed shows its old end for a while and says so when it is asked to
        run again: nothing has to be remembered, by this process or the next one.
        """
        if await self._client.run(info.id):
            self._resumes[info.id] += 1
        state = read_state(info, glimpse.events, glimpse.steps)
        if self._resumes[info.id] > MAX_RESUMES:
            return replace(
                state,
                status=Status.FAILED,
                conclusion=Conclusion.AGENT_ERROR,
                error=f"The agent was interrupted and resumed {MAX_RESUMES} times, in vain.",
            )
        return state.go_on("resumed after a restart of the server")

    async def _glimpse(self, info: ConversationInfo) -> _Glimpse:
        """Look at the newest step, but only where the conversation has moved since the last look.

        So a poll that finds nothing new is one request, however many tasks there are.
        """
        moment = (info.updated_at, info.execution_status)
        before = self._glimpses.get(info.id)
        if before is not None and before.moment == moment:
            return before
        is_error = info.execution_status == "error"
        kinds = [ACTION_EVENT, ERROR_EVENT] if is_error else [ACTION_EVENT]
        pages = [
            await self._client.get_events(info.id, limit=1, newest_first=True, kind=kind)
            for kind in kinds
        ]
        steps = await self._client.get_event_count(info.id, ACTION_EVENT)
        is_counted = is_error and TAG in info.tags
        errors = await self._client.get_event_count(info.id, ERROR_EVENT) if is_counted else 0
        glimpse = _Glimpse(moment, [event for page in pages for event in page], steps, errors)
        self._glimpses[info.id] = glimpse
        return glimpse


def make_unknown_error() -> TaskIdError:
    """Say that the server has no such task."""
    return TaskIdError(
        "The agent server does not know this task. Was it submitted to another server, or "
        "deleted there? Check `server-url`."
    )
