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
from openhands_testgen.clients.clock import SystemClock
from openhands_testgen.clients.working_tree import WorkingTree
from openhands_testgen.domain.task import OFFLINE, Assignment, Limits, Model, Run
from openhands_testgen.errors import (
    AuthenticationError,
    ConfigurationError,
    GenerationError,
    NothingToTestError,
    TaskIdError,
)
from openhands_testgen.reporting.progress import LineProgress, NoProgress
from openhands_testgen.submit import Submitter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openhands_testgen.clients.state_folder import StateFolder
    from openhands_testgen.collect import Collector
    from openhands_testgen.domain.ports import Backend, Progress
    from openhands_testgen.domain.report import Report
    from openhands_testgen.domain.revision import Revision
    from openhands_testgen.domain.task import TaskState
    from openhands_testgen.domain.task_id import TaskId
    from openhands_testgen.domain.verdict import Candidate
    from openhands_testgen.verification.verify import SandboxedVerifier
    from openhands_testgen.wait import WaitPlan

type Options = Mapping[str, object]

PROGRAM = Path(__file__).with_name("__main__.py")
OFFLINE_PROGRAM = Path(__file__).parent / "offline" / "program.py"
OFFLINE_PYTHON = "python3"  # as the agent's terminal finds it in the project's folder
ROOM = 10  # conversations at once, as many as an agent server takes by itself
ENVIRONMENT_PROGRAM = Path(__file__).parents[1] / "environment"


def build_submitter(options: Options) -> Submitter:
    """Build the use case *submit*, with the backend that the settings name or imply."""
    task = settings.read(settings.TaskSettings, {**options, "module": (), "output": ""})
    place = settings.read(settings.PlaceSettings, options)
    name = choose_backend(options)
    return Submitter(
        project=WorkingTree(place.working_directory),
        backend=build_backend(name, options),
        model=read_model(options, has_own=name == registry.CLOUD),
        limits=Limits(task.max_iterations, task.max_cost),
        clock=SystemClock(),
        run=_read_run(options),
    )


def choose_backend(options: Options) -> str:
    """Choose the backend's name and log why."""
    given = settings.read(settings.BackendSettings, options)
    name, reason = registry.choose_backend(
        given.backend,
        has_cloud_key=bool(given.cloud_api_key.get_secret_value()),
        has_server_url=bool(given.server_url),
    )
    build_progress(options).say(f"backend: {name} ({reason})")
    return name


def build_backend(
    name: str,
    options: Options,
    learned: list[str] | None = None,
    progress: Progress | None = None,
) -> Backend:
    """Build one backend by name; ``learned`` takes the secrets that it comes to know.

    Raises:
        TaskIdError: the name comes from a task id and is not one of ours.

    """
    if name == registry.EMBEDDED:
        return _build_embedded(options)
    if name == registry.AGENT_SERVER:
        # Only who collects may start more work: to look at a task, or to cancel it, costs nothing.
        may_go_on = learned is not None
        return _build_agent_server(options, _read_successor(options) if may_go_on else None)
    if name == registry.CLOUD:
        return _build_cloud(
            options, [] if learned is None else learned, progress or build_progress(options)
        )
    message = f"The task id belongs to a backend {name!r}, which this version does not have."
    raise TaskIdError(message)


def read_model(options: Options, *, has_own: bool = False) -> Model:
    """Read the language model; with ``has_own`` the backend has one and a key to it.

    Raises:
        ConfigurationError: there is neither a key nor ``offline``.

    """
    given = settings.read(settings.ModelSettings, options)
    name, *others = given.llm_model or ("",)
    if has_own:
        _refuse_several(others, "OpenHands Cloud runs one model a task")
        return Model(name)
    if OFFLINE in (name, *others):
        _refuse_several(others, "`offline` stands alone")
    key = given.llm_api_key.get_secret_value()
    if name != OFFLINE and not (name and (key or given.llm_base_url)):
        missing = "llm-api-key" if name else "llm-model"
        message = (
            "no language model is set; give `llm-model` and `llm-api-key` (or LLM_MODEL and "
            "LLM_API_KEY), or `llm-model: offline`, which needs no key"
        )
        raise ConfigurationError(message, field=missing)
    return Model(
        name=name,
        api_key=key,
        base_url=given.llm_base_url,
        tries=given.llm_num_retries,
        timeout_seconds=given.llm_timeout,
        others=tuple(others),
    )


def _refuse_several(others: Sequence[str], reason: str) -> None:
    if others:
        message = f"{reason}; name one model"
        raise ConfigurationError(message, field="llm-model")


def read_threshold(value: float) -> float:
    """Check a coverage threshold in percent.

    Raises:
        ConfigurationError: it is not above 0 and at most 100.

    """
    checked = settings.read(settings.TaskSettings, {"coverage_threshold": value})
    return checked.coverage_threshold


def read_assignments(task: settings.TaskSettings) -> list[Assignment]:
    """Read one assignment for each module.

    Raises:
        ConfigurationError: there is no module, or one output for several of them.

    """
    modules = tuple(dict.fromkeys(task.module))
    if not modules:
        message = "name the module to write tests for, such as src/shop/prices.py"
        raise ConfigurationError(message, field="module")
    if task.output and len(modules) > 1:
        message = "one output cannot hold the tests of several modules; leave it out"
        raise ConfigurationError(message, field="output")
    return [
        Assignment(module, task.output, task.coverage_threshold, task.instructions)
        for module in modules
    ]


async def get_state(task_id: TaskId, options: Options) -> TaskState | GenerationError:
    """Ask a task's backend where it stands."""
    backend = build_backend(task_id.backend, options)
    try:
        return (await backend.get_states([task_id]))[task_id.conversation_id]
    except GenerationError as error:
        return error
    finally:
        await backend.aclose()


async def cancel(task_id: TaskId, options: Options) -> None:
    """Stop the agent of a task."""
    backend = build_backend(task_id.backend, options)
    try:
        await backend.cancel(task_id)
    finally:
        await backend.aclose()


def read_secrets(options: Options) -> tuple[str, ...]:
    """Return all secret values that are set, to be masked before anything is logged."""
    backend = settings.read(settings.BackendSettings, options)
    model = settings.read(settings.ModelSettings, options)
    secrets = (backend.api_key, backend.cloud_api_key, model.llm_api_key)
    return tuple(one.get_secret_value() for one in secrets if one.get_secret_value())


async def collect(
    task_ids: Sequence[TaskId], options: Options, reports: dict[str, Report] | None = None
) -> dict[str, Report]:
    """Collect tasks of any backends side by side; ``reports`` fills as tasks settle."""
    filled: dict[str, Report] = {} if reports is None else reports
    plan, progress = _build_wait_plan(options), build_progress(options)
    names = {task_id.backend for task_id in task_ids}
    collectors = {name: build_collector(name, options, progress) for name in names}
    title = f"Waiting for {len(task_ids)} task{'s' * (len(task_ids) != 1)}"
    try:
        with progress.waiting(title):
            async with asyncio.TaskGroup() as group:
                for name, collector in collectors.items():
                    own = [task_id for task_id in task_ids if task_id.backend == name]
                    group.create_task(collector.collect(own, plan, filled))
    finally:
        for collector in collectors.values():
            await collector.backend.aclose()
    return filled


def build_progress(options: Options) -> Progress:
    """Build what a waiting person sees."""
    if settings.read(settings.PlaceSettings, options).quiet:
        return NoProgress()
    in_actions = settings.read(settings.ActionsSettings, options).is_actions
    if in_actions or not sys.stderr.isatty():
        return LineProgress(sys.stderr, in_actions=in_actions)
    from openhands_testgen.reporting.live_progress import LiveProgress

    return LiveProgress(sys.stderr)


def build_collector(backend_name: str, options: Options, progress: Progress) -> Collector:
    """Build the use case *collect* for the tasks of one backend."""
    from openhands_testgen.collect import Collector
    from openhands_testgen.reporting.redaction import Redaction
    from openhands_testgen.reporting.results import ResultsFolder

    place = settings.read(settings.PlaceSettings, options)
    wait = settings.read(settings.WaitSettings, options)
    secrets = list(read_secrets(options))
    return Collector(
        backend=build_backend(backend_name, options, secrets, progress),
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


def read_candidate(options: Options) -> Candidate:
    """Read a test file that no agent wrote just now, and the module that it is for.

    Raises:
        ConfigurationError: a path is missing or leads nowhere.
        NothingToTestError: there is no such module, or nothing in it can be tested.

    """
    from openhands_testgen.domain.module import parse_module
    from openhands_testgen.domain.verdict import Candidate

    given = settings.read(settings.VerifySettings, _take_last(options, "module"))
    project = WorkingTree(settings.read(settings.PlaceSettings, options).working_directory)
    if not given.module or not given.tests:
        message = "name the module, and the test file that is to be judged"
        raise ConfigurationError(message, field="tests" if given.module else "module")
    module_path = project.locate(given.module, "module")
    output_path = project.locate(given.tests, "tests")
    module = project.read(module_path)
    if module is None:
        message = f"There is no module {module_path} in {project.root}; check `module`."
        raise NothingToTestError(message)
    parse_module(module_path, module)
    content = project.read(output_path)
    if content is None:
        message = f"there is no file {output_path} in {project.root}"
        raise ConfigurationError(message, field="tests")
    return Candidate(project.root, module_path, output_path, content, given.coverage_threshold)


def _take_last(options: Options, name: str) -> Options:
    """Turn an option that other commands take several times into the last one given."""
    value = options.get(name)
    return {**options, name: value[-1]} if isinstance(value, list) and value else options


def _build_wait_plan(options: Options) -> WaitPlan:
    from openhands_testgen.domain.polling import Pace
    from openhands_testgen.wait import WaitPlan

    wait = settings.read(settings.WaitSettings, options)
    return WaitPlan(wait.timeout, Pace(wait.poll_interval), wait.on_timeout == "cancel")


def _build_agent_server(options: Options, successor: Model | None) -> Backend:
    from openhands_testgen.backends.agent_server import AgentServerBackend
    from openhands_testgen.clients.agent_server import AgentServerClient

    given = settings.read(settings.BackendSettings, options)
    if not given.server_url:
        message = "the agent-server backend needs the server's address"
        raise ConfigurationError(message, field="server-url")
    client = AgentServerClient(given.server_url, given.api_key.get_secret_value())
    return AgentServerBackend(client, successor)


def _read_successor(options: Options) -> Model:
    """Read the key with which another model goes on; its name stands in the conversation."""
    given = settings.read(settings.ModelSettings, options)
    key = given.llm_api_key.get_secret_value()
    return Model("", key, tries=given.llm_num_retries, timeout_seconds=given.llm_timeout)


def _build_cloud(options: Options, learned: list[str], progress: Progress) -> Backend:
    from openhands_testgen.backends.cloud import CloudBackend
    from openhands_testgen.backends.cloud_sandboxes import Sandboxes
    from openhands_testgen.clients.cloud import CloudClient

    given = settings.read(settings.BackendSettings, options)
    key = given.cloud_api_key.get_secret_value()
    if not key and given.cloud_auth == "bearer":
        message = (
            "The key of OpenHands Cloud is missing: set `cloud-api-key` (OPENHANDS_API_KEY). A "
            "self-hosted app server without keys takes `cloud-auth: session`."
        )
        raise AuthenticationError(message)
    client = CloudClient(given.cloud_url, key, given.cloud_auth)
    return CloudBackend(
        client,
        Sandboxes(partial(_mask, learned), needs_tls=client.is_encrypted),
        partial(_find_revision, options),
        SystemClock(),
        progress,
    )


def _find_revision(options: Options, folder: Path) -> Revision | None:
    from openhands_testgen.clients.git import read_head
    from openhands_testgen.domain.revision import choose_checkout, choose_revision

    run = settings.read(settings.ActionsSettings, options)
    checkout = choose_checkout(run.repository, run.commit, run.ref, run.head_ref)
    return choose_revision(read_head(folder), checkout)


def _mask(learned: list[str], secret: str) -> None:
    """Mask a key that a backend handed out before anything is logged, and note it."""
    from openhands_testgen.reporting.outputs import mask_secrets

    learned.append(secret)
    in_actions = settings.read(settings.ActionsSettings).is_actions
    mask_secrets([secret], sys.stderr, in_actions=in_actions)


def _build_embedded(options: Options) -> Backend:
    from openhands_testgen.backends.embedded import EmbeddedBackend

    folder = _find_state_folder(options)
    return EmbeddedBackend(folder, partial(_start_engine, folder, options), SystemClock())


def _start_engine(folder: StateFolder, options: Options) -> None:
    from openhands_testgen.backends.engine.surroundings import choose_engine_environment
    from openhands_testgen.clients.program import keep_program
    from openhands_testgen.clients.service import start_detached

    place = settings.read(settings.PlaceSettings, options)
    idle_seconds = settings.read(settings.EngineSettings, options).engine_idle
    environment = choose_engine_environment(
        settings.read_child_environment(), outlives_job=place.state_dir is not None
    )
    kept = keep_program(PROGRAM.parents[2], folder.root)
    program = kept / PROGRAM.relative_to(PROGRAM.parents[2])
    start_detached(
        [
            *(sys.executable, "-I", str(program), "engine"),
            *("--state-dir", str(folder.root), "--engine-idle", f"{idle_seconds:g}"),
        ],
        cwd=folder.root,
        env=environment,
        log=folder.engine_log,
    )


async def run_engine(options: Options) -> None:
    """Be the embedded engine until there is nothing left to do."""
    from openhands_testgen.backends.engine.engine import Engine, EnginePlan
    from openhands_testgen.backends.engine.server import AgentServer, ServerPlan
    from openhands_testgen.backends.engine.surroundings import choose_server_environment
    from openhands_testgen.clients.environment import install_environment
    from openhands_testgen.offline.policy import Commands
    from openhands_testgen.offline.source import LocalModels

    folder = _find_state_folder(options)
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


def _find_state_folder(options: Options) -> StateFolder:
    from openhands_testgen.clients.state_folder import StateFolder

    return StateFolder(settings.read(settings.PlaceSettings, options).state_folder)


def _read_run(options: Options) -> Run | None:
    actions = settings.read(settings.ActionsSettings, options)
    if not (actions.is_actions and actions.run_id):
        return None
    return Run(actions.repository, actions.run_id, actions.run_attempt, actions.job)
