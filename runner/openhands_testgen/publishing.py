"""Builds what publishes: the event, GitHub and the wishes, from the settings.

Apart from `bootstrap`, for no submit pays for any of it.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from openhands_testgen import settings
from openhands_testgen.clients.github_errors import GitHubError, Reason
from openhands_testgen.reporting.github import excuse
from openhands_testgen.reporting.github.event import (
    MAX_PAYLOAD_BYTES,
    Event,
    Surroundings,
    parse_event,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openhands_testgen.clients.github import GitHubClient
    from openhands_testgen.errors import GenerationError
    from openhands_testgen.reporting.github.publisher import GitHubPublisher

type Options = Mapping[str, object]


def read_event(options: Options) -> Event:
    """Read the event that set the workflow off; outside of Actions it is an empty one."""
    given = settings.read(settings.EventSettings, options)
    repository = settings.read(settings.ActionsSettings, options).repository
    payload = b""
    if given.event_path:
        with suppress(OSError), given.event_path.open("rb") as file:
            payload = file.read(MAX_PAYLOAD_BYTES)
    around = Surroundings(given.event_name, repository, given.sha, given.ref, given.actor)
    return parse_event(around, payload)


def build_publisher(options: Options) -> GitHubPublisher | None:
    """Build what puts results on GitHub; outside of Actions there is no such thing."""
    from openhands_testgen.reporting.github.publisher import GitHubPublisher, Wishes

    actions = settings.read(settings.ActionsSettings, options)
    if not (actions.is_actions and actions.repository):
        return None
    asked = settings.read(settings.PublishSettings, options)
    github = settings.read(settings.GitHubSettings, options)
    run_url = f"{github.page_url}/{actions.repository}/actions/runs/{actions.run_id}"
    wishes = Wishes(
        fail_on=settings.read(settings.WaitSettings, options).fail_on,
        comment=asked.comment,
        deliver=asked.deliver,
        path_prefix=find_path_prefix(options),
        workflow=github.workflow,
        job=actions.job,
        run_url=run_url,
    )
    connect = partial(_connect_to_github, github, actions.repository)
    return GitHubPublisher(connect, read_event(options), wishes, time.sleep)


def _connect_to_github(github: settings.GitHubSettings, repository: str) -> GitHubClient:
    token = github.token.get_secret_value()
    if not token:
        raise GitHubError(Reason.NO_TOKEN)
    from openhands_testgen.clients.github import GitHubClient

    return GitHubClient(token, github.api_url, repository)


def find_path_prefix(options: Options) -> str:
    """Find how the project's folder is called in its repository: ``""`` if it is the root."""
    folder = settings.read(settings.PlaceSettings, options).working_directory.resolve()
    roots = (parent for parent in (folder, *folder.parents) if (parent / ".git").exists())
    prefix = os.path.relpath(folder, next(roots, Path.cwd().resolve()))
    return "" if prefix == "." or prefix.startswith("..") else prefix


def excuse_submit(
    errors: Sequence[GenerationError], options: Options, secrets: Sequence[str]
) -> str:
    """Say why nothing could be submitted if missing secrets alone are the cause; else ``""``."""
    if not settings.read(settings.ActionsSettings, options).is_actions:
        return ""
    return excuse.excuse_submit(read_event(options), errors, has_key=bool(secrets))


def excuse_collect(options: Options) -> str:
    """Say why there is no task to collect if the event explains it; else ``""``."""
    if not settings.read(settings.ActionsSettings, options).is_actions:
        return ""
    return excuse.excuse_collect(read_event(options))
