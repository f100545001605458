"""Builds the backend that the settings name or imply, or a task id.

Imports stand in the functions that need them: a status of the embedded engine does not pay for
HTTP.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from openhands_testgen import settings
from openhands_testgen.backends import registry
from openhands_testgen.clients.clock import SystemClock
from openhands_testgen.errors import AuthenticationError, ConfigurationError, TaskIdError
from openhands_testgen.inputs import read_successor

if TYPE_CHECKING:
    from openhands_testgen.clients.state_folder import StateFolder
    from openhands_testgen.domain.ports import Backend, Progress
    from openhands_testgen.domain.revision import Revision
    from openhands_testgen.domain.task import Model
    from openhands_testgen.inputs import Options

PROGRAM = Path(__file__).with_name("__main__.py")


def choose_backend(options: Options, progress: Progress) -> str:
    """Choose the backend's name and say why."""
    given = settings.read(settings.BackendSettings, options)
    name, reason = registry.choose_backend(
        given.backend,
        has_cloud_key=bool(given.cloud_api_key.get_secret_value()),
        has_server_url=bool(given.server_url),
    )
    progress.say(f"backend: {name} ({reason})")
    return name


def build_backend(
    name: str, options: Options, progress: Progress, learned: list[str] | None = None
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
        return _build_agent_server(options, read_successor(options) if may_go_on else None)
    if name == registry.CLOUD:
        return _build_cloud(options, [] if learned is None else learned, progress)
    message = f"The task id belongs to a backend {name!r}, which this version does not have."
    raise TaskIdError(message)


def _build_agent_server(options: Options, successor: Model | None) -> Backend:
    from openhands_testgen.backends.agent_server import AgentServerBackend
    from openhands_testgen.clients.agent_server import AgentServerClient

    given = settings.read(settings.BackendSettings, options)
    if not given.server_url:
        message = "the agent-server backend needs the server's address"
        raise ConfigurationError(message, field="server-url")
    client = AgentServerClient(given.server_url, given.api_key.get_secret_value())
    return AgentServerBackend(client, successor)


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

    folder = find_state_folder(options)
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


def find_state_folder(options: Options) -> StateFolder:
    """Find where the embedded engine and its commands meet."""
    from openhands_testgen.clients.state_folder import StateFolder

    return StateFolder(settings.read(settings.PlaceSettings, options).state_folder)
