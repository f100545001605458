"""The engine's life: alone in its state folder, a server while there is work, leaving when idle.

It is a process of its own, and takes its server, their terminals and all children with it.
"""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openhands_testgen.backends.engine.agenda import TaskView, make_agenda
from openhands_testgen.backends.engine.dispatch import Dispatch
from openhands_testgen.clients.task_folder import write_whole
from openhands_testgen.errors import BackendError, BackendUnreachableError, GenerationError

if TYPE_CHECKING:
    from openhands_testgen.backends.engine.agenda import Agenda
    from openhands_testgen.backends.engine.dispatch import ModelSource
    from openhands_testgen.backends.engine.server import AgentServer
    from openhands_testgen.clients.agent_server import AgentServerClient
    from openhands_testgen.clients.state_folder import EngineSeat, StateFolder
    from openhands_testgen.clients.task_folder import TaskFolder
    from openhands_testgen.domain.ports import Clock, Progress

TICK_SECONDS = 0.25
KEPT_SECONDS = 7 * 24 * 3600.0
MAX_FAILED_STARTS = 3
MAX_STARTS_WITHOUT_RESULT = 6


@dataclass(frozen=True, slots=True)
class EnginePlan:
    """How many tasks run at once, and how long an engine without work stays."""

    room: int
    idle_seconds: float


class Engine:
    """Serves the tasks of one state folder."""

    def __init__(  # noqa: PLR0913, PLR0917 - the collaborators of a whole process
        self,
        folder: StateFolder,
        server: AgentServer,
        models: ModelSource,
        progress: Progress,
        clock: Clock,
        plan: EnginePlan,
    ) -> None:
        """Take the collaborators."""
        self._folder = folder
        self._server = server
        self._models = models
        self._progress = progress
        self._clock = clock
        self._plan = plan
        self._dispatch: Dispatch | None = None
        self._starting: asyncio.Task[AgentServerClient] | None = None
        self._failed_starts = 0
        self._starts_without_result = 0
        self._last_work = clock.monotonic()

    async def run(self) -> None:
        """Work until nothing is left to do, unless another engine does."""
        self._folder.prepare()
        seat = self._folder.become_engine()
        if seat is None:
            return
        self._write_card()
        self._folder.prune(self._clock.now() - KEPT_SECONDS)
        self._progress.say("the engine is up")
        try:
            while seat.is_valid() and not await self._is_over(seat):
                await self._step()
                await self._clock.sleep(TICK_SECONDS)
        finally:
            await self._stop_server()
            self._models.close()
            seat.leave()
            self._progress.say("the engine left")

    async def _is_over(self, seat: EngineSeat) -> bool:
        """Leave after a while without work; the door keeps new tasks out of the last look."""
        if self._list_open():
            self._last_work = self._clock.monotonic()
            return False
        if self._clock.monotonic() - self._last_work < self._plan.idle_seconds:
            return False
        await self._stop_server()
        with self._folder.door():
            if self._list_open():
                return False
            seat.leave()
            return True

    async def _step(self) -> None:
        tasks = {task.conversation_id: task for task in self._list_open()}
        views = [TaskView(key, one.is_posted, one.is_cancelled) for key, one in tasks.items()]
        agenda = make_agenda(views, self._plan.room)
        if not (agenda.drop or agenda.needs_server):
            return
        try:
            await self._work(agenda, tasks)
        except BackendUnreachableError as error:
            self._progress.say(f"{error}")
        except GenerationError as error:
            self._progress.say(f"giving up: {error}")
            for task in tasks.values():
                task.fail(str(error))

    async def _work(self, agenda: Agenda, tasks: dict[str, TaskFolder]) -> None:
        for key in agenda.drop:
            tasks[key].drop()
        if not agenda.needs_server:
            return
        dispatch = await self._get_dispatch()
        if dispatch is None:
            return
        await dispatch.post([tasks[key] for key in agenda.post])
        ended = await dispatch.watch(
            [tasks[key] for key in agenda.watch], stop=frozenset(agenda.stop)
        )
        if ended:
            self._starts_without_result = 0

    async def _get_dispatch(self) -> Dispatch | None:
        """Return what talks to the server, or ``None`` while there is none yet."""
        if self._dispatch is not None and self._server.is_running:
            return self._dispatch
        if self._dispatch is not None:
            self._progress.say("the agent server is gone; starting another")
            self._dispatch = None
        if self._starting is None:
            self._starting = asyncio.create_task(self._server.start())
        await asyncio.wait([self._starting], timeout=TICK_SECONDS)
        if self._starting.done():
            self._dispatch = self._take_started(self._starting)
            self._starting = None
        return self._dispatch

    def _take_started(self, starting: asyncio.Task[AgentServerClient]) -> Dispatch | None:
        """Take the started server; a start that failed is tried again a few times."""
        error = starting.exception()
        if error is not None:
            self._failed_starts += 1
            if self._failed_starts < MAX_FAILED_STARTS and isinstance(error, GenerationError):
                self._progress.say(f"{error} Trying again.")
                return None
            self._failed_starts = 0
            raise error
        self._starts_without_result += 1
        if self._starts_without_result > MAX_STARTS_WITHOUT_RESULT:
            self._starts_without_result = 0
            message = f"The agent server ended {MAX_STARTS_WITHOUT_RESULT} times over its work."
            raise BackendError(message)
        self._failed_starts = 0
        self._write_card()
        self._progress.say(f"the agent server is ready (process {self._server.pid})")
        return Dispatch(starting.result(), self._models, self._progress)

    async def _stop_server(self) -> None:
        self._dispatch = None
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
            self._starting = None
        await self._server.stop()

    def _list_open(self) -> list[TaskFolder]:
        return [task for task in self._folder.list_tasks() if not task.is_over]

    def _write_card(self) -> None:
        """Say who the engine is, for people and for whoever has to end it."""
        card = {"pid": os.getpid(), "server_pid": self._server.pid}
        write_whole(self._folder.root / "engine.json", json.dumps(card).encode())
