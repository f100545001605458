"""Builds everything once: the one place that knows all layers.

Imports stand in the functions that need them: a submit does not pay for the judge, and a status of
the embedded engine does not pay for HTTP.
"""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from openhands_testgen import settings
from openhands_testgen.backends import registry
from openhands_testgen.bootstrap_backend import build_backend, choose_backend, find_state_folder
from openhands_testgen.clients.clock import SystemClock
from openhands_testgen.clients.working_tree import WorkingTree
from openhands_testgen.domain.task import Limits
from openhands_testgen.errors import GenerationError
from openhands_testgen.inputs import read_model, read_run, read_secrets, read_wait_plan
from openhands_testgen.reporting.progress import LineProgress, NoProgress
from openhands_testgen.reporting.redacted_stream import RedactedStream
from openhands_testgen.submit import Submitter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.collect import Collector
    from openhands_testgen.domain.ports import Progress
    from openhands_testgen.domain.report import Report
    from openhands_testgen.domain.task import TaskState
    from openhands_testgen.domain.task_id import TaskId
    from openhands_testgen.inputs import Options
    from openhands_testgen.verification.verify import SandboxedVerifier

OFFLINE_PROGRAM = Path(__file__).parent / "offline" / "program.py"
OFFLINE_PYTHON = "python3"  # as the agent's terminal finds it in the project's folder
ROOM = 10  # conversations at once, as many as an agent server takes by itself
ENVIRONMENT_PROGRAM = Path(__file__).parents[1] / "environment"


def build_submitter(options: Options) -> Submitter:
    """Build the use case *submit*, with the backend that the settings name or imply."""
    task = settings.read(settings.TaskSettings, {**options, "module": (), "output": ""})
    place = settings.read(settings.PlaceSettings, options)
    progress = build_progress(options)
    name = choose_backend(options, progress)
    return Submitter(
        project=WorkingTree(place.working_directory),
        backend=build_backend(name, options, progress),
        model=read_model(options, has_own=name == registry.CLOUD),
        limits=Limits(task.max_iterations, task.max_cost),
        clock=SystemClock(),
        run=read_run(options),
    )


async def get_state(task_id: TaskId, options: Options) -> TaskState | GenerationError:
    """Ask a task's backend where it stands."""
    backend = build_backend(task_id.backend, options, build_progress(options))
    try:
        return (await backend.get_states([task_id]))[task_id.conversation_id]
    except GenerationError as error:
        return error
    finally:
        await backend.aclose()


async def cancel(task_id: TaskId, options: Options) -> None:
    """Stop the agent of a task."""
    backend = build_backend(task_id.backend, options, build_progress(options))
    try:
        await backend.cancel(task_id)
    finally:
        await backend.aclose()


async def collect(
    task_ids: Sequence[TaskId], options: Options, reports: dict[str, Report] | None = None
) -> dict[str, Report]:
    """Collect tasks of any backends side by side; ``reports`` fills as tasks settle."""
    from openhands_testgen.reporting.figures import count

    filled: dict[str, Report] = {} if reports is None else reports
    plan, progress = read_wait_plan(options), build_progress(options, is_waiting=True)
    names = {task_id.backend for task_id in task_ids}
    collectors = {name: build_collector(name, options, progress) for name in names}
    try:
        with progress.waiting(f"Waiting for {count(len(task_ids), 'task')}"):
            async with asyncio.TaskGroup() as group:
                for name, collector in collectors.items():
                    own = [task_id for task_id in task_ids if task_id.backend == name]
                    group.create_task(collector.collect(own, plan, filled))
    finally:
        for collector in collectors.values():
            await collector.backend.aclose()
    return filled


def build_progress(options: Options, *, is_waiting: bool = False) -> Progress:
    """Build what a person sees; a line that moves only where there is something to wait for."""
    if settings.read(settings.PlaceSettings, options).quiet:
        return NoProgress()
    in_actions = settings.read(settings.ActionsSettings, options).is_actions
    if in_actions or not is_waiting or not sys.stderr.isatty():
        return LineProgress(sys.stderr, in_actions=in_actions)
    from openhands_testgen.reporting.live_progress import LiveProgress

    return LiveProgress(
        sys.stderr, sys.stderr.hide if isinstance(sys.stderr, RedactedStream) else str
    )


def build_collector(backend_name: str, options: Options, progress: Progress) -> Collector:
    """Build the use case *collect* for the tasks of one backend."""
    from openhands_testgen.collect import Collector
    from openhands_testgen.reporting.redaction import Redaction
    from openhands_testgen.reporting.results import ResultsFolder

    place = settings.read(settings.PlaceSettings, options)
    wait = settings.read(settings.WaitSettings, options)
    secrets = list(read_secrets(options))
    return Collector(
        backend=build_backend(backend_name, options, progress, secrets),
        project=WorkingTree(place.working_directory),
        verifier=build_verifier(options),
        archive=ResultsFolder(
            place.results_folder,
            secrets,
            path_prefix=os.path.relpath(place.working_directory),
        ),
        progress=progress,
        clock=SystemClock(),
        judging_slots=asyncio.Semaphore(os.cpu_count() or 1),
        has_secret=lambda content: Redaction(tuple(secrets)).is_needed(content),
        fail_on=wait.fail_on,
        max_repairs=wait.max_repairs,
    )


def build_verifier(options: Options) -> SandboxedVerifier:
    """Build what judges test files."""
    from openhands_testgen.sandbox.overlay import Overlay
    from openhands_testgen.verification.plan import VerdictPlan
    from openhands_testgen.verification.verify import SandboxedVerifier

    place = settings.read(settings.PlaceSettings, options)
    judge = settings.read(settings.JudgeSettings, options)
    environment = settings.read_child_environment()
    return SandboxedVerifier(
        python=judge.python,
        environment=environment,
        install_overlay=Overlay(ENVIRONMENT_PROGRAM, environment).install,
        plan=VerdictPlan(
            mutation_threshold=judge.mutation_threshold,
            reruns=judge.reruns,
            mutants=judge.mutants,
            timeout_seconds=judge.verify_timeout,
            is_sandbox_required=judge.sandbox == "required",
        ),
        left_out=(place.results_folder,),
    )


async def run_engine(options: Options) -> None:
    """Be the embedded engine until there is nothing left to do."""
    from openhands_testgen.backends.engine.engine import Engine, EnginePlan
    from openhands_testgen.backends.engine.server import AgentServer, ServerPlan
    from openhands_testgen.backends.engine.surroundings import choose_server_environment
    from openhands_testgen.clients.environment import install_environment
    from openhands_testgen.offline.policy import Commands
    from openhands_testgen.offline.source import LocalModels

    folder = find_state_folder(options)
    environment = settings.read_child_environment()
    install = partial(install_environment, ENVIRONMENT_PROGRAM, "engine", environment)
    at_home = choose_server_environment(environment, str(folder.home))
    plan = ServerPlan(folder.server, at_home, ROOM)
    commands = Commands(sys.executable, str(OFFLINE_PROGRAM), OFFLINE_PYTHON)
    engine = Engine(
        folder=folder,
        server=AgentServer(plan, install),
        models=LocalModels(folder.root / "offline.json", commands),
        progress=LineProgress(sys.stderr),
        clock=SystemClock(),
        plan=EnginePlan(ROOM, settings.read(settings.EngineSettings, options).engine_idle),
    )
    await engine.run()
