"""The event that set a workflow off: the commit, branch and pull request of its results."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import BaseModel, Field, ValidationError

MAX_PAYLOAD_BYTES = 30_000_000
DEPENDABOT = "dependabot[bot]"
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BRANCH_PREFIX = "refs/heads/"
# The one event of a pull request that runs with the base repository's secrets, forks or not.
_WITH_SECRETS = "pull_request_target"


@dataclass(frozen=True, slots=True)
class Event:
    """What set a workflow off.

    ``head_sha`` is the commit that reviewers look at, ``branch`` the branch of this repository
    that it is the head of; both are empty where there is none. ``has_secrets`` is false where
    GitHub withholds the repository's secrets and lets the token only read.
    """

    name: str
    head_sha: str = ""
    branch: str = ""
    pull_number: int | None = None
    is_fork: bool = False
    is_dependabot: bool = False

    @property
    def has_secrets(self) -> bool:
        """Whether the repository's secrets are there and the token may write."""
        if self.is_dependabot:
            return False
        return not self.is_fork or self.name == _WITH_SECRETS

    @property
    def origin(self) -> str:
        """Why there are no secrets, in words; empty where there are."""
        if self.has_secrets:
            return ""
        return "runs that Dependabot starts" if self.is_dependabot else "pull requests from forks"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the runner tells of an event beside its payload."""

    name: str = ""
    repository: str = ""
    sha: str = ""
    ref: str = ""
    actor: str = ""


class _Repository(BaseModel):
    full_name: str = ""


class _Side(BaseModel):
    ref: str = ""
    sha: str = ""
    repo: _Repository | None = None


class _Pull(BaseModel):
    number: int = Field(gt=0)
    head: _Side
    base: _Side


class _Run(BaseModel):
    head_sha: str = ""


class _User(BaseModel):
    login: str = ""


class _Payload(BaseModel):
    """The parts of a payload that matter here; everything else in it is ignored."""

    pull_request: _Pull | None = None
    workflow_run: _Run | None = None
    sender: _User | None = None


def parse_event(around: Surroundings, payload: bytes) -> Event:
    """Parse an event; a payload that cannot be read leaves what the runner itself tells.

    A pull request without a readable payload has no commit: ``around.sha`` is a merge that no
    reviewer looks at.
    """
    content = _parse_payload(payload)
    sender = content.sender.login if content.sender else ""
    is_dependabot = DEPENDABOT in {around.actor, sender}
    if content.pull_request and around.name.startswith("pull_request"):
        return _read_pull(around, content.pull_request, is_dependabot=is_dependabot)
    run_sha = content.workflow_run.head_sha if content.workflow_run else ""
    is_pull = around.name.startswith("pull_request")
    branch = around.ref.removeprefix(_BRANCH_PREFIX)
    return Event(
        name=around.name,
        head_sha="" if is_pull else _check_sha(run_sha or around.sha),
        branch=branch if branch != around.ref and not run_sha else "",
        is_dependabot=is_dependabot,
    )


def _read_pull(around: Surroundings, pull: _Pull, *, is_dependabot: bool) -> Event:
    origin = pull.head.repo.full_name if pull.head.repo else ""
    home = around.repository or (pull.base.repo.full_name if pull.base.repo else "")
    is_fork = origin.casefold() != home.casefold()
    return Event(
        name=around.name,
        head_sha=_check_sha(pull.head.sha),
        branch="" if is_fork else pull.head.ref,
        pull_number=pull.number,
        is_fork=is_fork,
        is_dependabot=is_dependabot,
    )


def _parse_payload(payload: bytes) -> _Payload:
    try:
        return _Payload.model_validate_json(payload)
    except ValidationError:
        return _Payload()


def _check_sha(text: str) -> str:
    return text if _SHA.fullmatch(text) else ""
