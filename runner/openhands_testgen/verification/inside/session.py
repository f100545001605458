"""One pytest session that has collected, and then runs its tests as often as it is asked.

This process, and the ones that it forks, run judged code: nothing that they say is trusted, and
nothing in their memory tells which of several changes to the module is one.
"""

from __future__ import annotations

import gc
import json
import marshal
import os
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Callable, NoReturn

import pytest

from openhands_testgen.verification.inside import isolation
from openhands_testgen.verification.inside.channel import Channel, ClosedError
from openhands_testgen.verification.inside.hollow import StandIns
from openhands_testgen.verification.inside.replacement import Replacement, find_functions, swap
from openhands_testgen.verification.inside.tracing import LineTracer
from openhands_testgen.verification.inside.turn import (
    MAX_TEXT,
    Teller,
    Turn,
    Witness,
    get_last_line,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import CodeType, FunctionType

    from openhands_testgen.verification.inside.library import Library
    from openhands_testgen.verification.inside.surroundings import Setup, Surroundings

    RunSession = Callable[[Surroundings, Setup, Channel, Library], NoReturn]

READY, LOADED = "ready", "loaded"


def run_session(where: Surroundings, setup: Setup, channel: Channel, library: Library) -> NoReturn:
    """Collect the tests and serve turns until nobody asks any more."""
    _enter(where, setup, channel)
    session = _Session(where, setup, channel, library)
    code = pytest.main(where.build_arguments(), plugins=[session, session.witness])
    session.give_up(f"pytest ended with exit code {int(code)} before any test ran")


class Preparation:
    """A pytest plugin that stops a session where it would collect: others fork from there.

    Nothing of the project has run by then, as long as it has no ``conftest.py`` for the tests.
    """

    def __init__(self, serve: Callable[[RunSession], NoReturn]) -> None:
        """Take what serves from then on; it is given what a fork does."""
        self._serve = serve

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Serve, and never collect."""
        gc.freeze()
        self._serve(partial(_go_on, session))


def _go_on(
    prepared: pytest.Session,
    where: Surroundings,
    setup: Setup,
    channel: Channel,
    library: Library,
) -> NoReturn:
    """Do what ``run_session`` does, from where the preparation ended."""
    _enter(where, setup, channel)
    session = _Session(where, setup, channel, library)
    try:
        for plugin in (session, session.witness):
            prepared.config.pluginmanager.register(plugin)
        prepared.perform_collect()
    except BaseException as exc:  # noqa: BLE001 - whatever foreign code raises when it is imported
        session.give_up(f"pytest could not collect: {type(exc).__name__}: {exc}")
    session.serve(prepared)


def _enter(where: Surroundings, setup: Setup, channel: Channel) -> None:
    isolation.enter_own_domain()
    isolation.close_all_but([channel.fileno()])
    if not setup.is_shared:
        isolation.limit_cpu(setup.cpu_seconds)
    where.enter()
    where.silence()
    sys.argv = [str(pytest.__file__), where.tests]


class _Session:
    """A pytest plugin that takes over when all tests are collected."""

    def __init__(
        self, where: Surroundings, setup: Setup, channel: Channel, library: Library
    ) -> None:
        self._module, self._tests = where.module, where.tests
        self._setup = setup
        self._channel = channel
        self._code: CodeType = marshal.loads(setup.code)  # noqa: S302 - our parent's
        self._errors: list[str] = []
        self._stand_ins = StandIns(setup.stand_ins) if setup.stand_ins else None
        around = self._stand_ins.loading if self._stand_ins else None
        self._replacement = Replacement(where.module, self._code, around, library)
        self._replacement.install()
        tracer = LineTracer(where.module) if setup.is_traced else None
        self.witness = Witness(tracer)
        if tracer:
            tracer.start()

    def give_up(self, reason: str) -> NoReturn:
        """Say why there is nothing to run, and end."""
        self._answer({"broken": reason[:MAX_TEXT]})
        os._exit(0)

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Pass over what stands beside the tests, but for what makes a folder a package."""
        is_above = f"{self._tests}{os.sep}".startswith(f"{collection_path}{os.sep}")
        return None if is_above or collection_path.name == "__init__.py" else True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember what could not be collected."""
        if report.failed:
            self._errors.append(f"{report.nodeid}: {get_last_line(report.longrepr)}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> NoReturn:
        """Serve turns in place of pytest's own loop."""
        self.serve(session)

    def serve(self, session: pytest.Session) -> NoReturn:
        """Run the collected tests as often as a turn is asked for."""
        if self._errors:
            self.give_up(self._errors[0])
        functions = find_functions(self._module) if self._setup.is_shared else {}
        self._answer({READY: len(session.items), LOADED: self._replacement.loaded})
        gc.freeze()  # a fork that looks for garbage would copy all memory
        while True:
            turn, descriptor = self._receive()
            child = os.fork() if self._setup.is_shared else 0
            if not child:
                turn = self._prepare(turn, functions)
                self._run(session, turn, descriptor)
            os.close(descriptor)
            status = os.waitpid(child, 0)[1]
            with suppress(OSError):
                os.killpg(child, signal.SIGKILL)
            self._answer({"status": os.waitstatus_to_exitcode(status)})

    def _receive(self) -> tuple[Turn, int]:
        try:
            message, (descriptor,) = self._channel.receive()
        except (ClosedError, ValueError):
            os._exit(0)
        return Turn(*marshal.loads(message)), descriptor  # noqa: S302 - our parent's

    def _prepare(self, turn: Turn, functions: dict[int, list[FunctionType]]) -> Turn:
        """Get ready for the tests; what is left of the turn is the same for all changes."""
        if self._setup.is_shared:
            os.setsid()
            self._channel.close()
            isolation.enter_own_domain()
            isolation.limit_cpu(turn.cpu_seconds)
        if turn.code is not None:
            # What loads the module from now on meets the change as well.
            self._replacement.code = marshal.loads(turn.code)  # noqa: S302 - our parent's
            swap(self._code, self._replacement.code, functions)
        return replace(turn, code=None)

    def _run(self, session: pytest.Session, turn: Turn, descriptor: int) -> NoReturn:
        """Run the tests in this very process, and end it."""
        if self._stand_ins:
            self._stand_ins.start_tests(turn.mode)
        tell = Teller(descriptor, is_patient=turn.stop)
        self.witness.run(session.items, turn, tell)
        tell("loaded", *self._replacement.loaded)
        tell("end", self._replacement.is_loaded)
        tell.flush()
        os._exit(0)

    def _answer(self, answer: Mapping[str, object]) -> None:
        try:
            self._channel.send(json.dumps(answer).encode())
        except ClosedError:
            os._exit(0)
