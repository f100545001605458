"""Where somebody else can get the project: a commit that was pushed, on a branch of a host.

Nobody is asked over the network: what git and the workflow know here decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from openhands_testgen.domain.task_id import is_safe_path

MAX_PREFIX_BYTES = 90
_PROVIDERS = {"github.com": "github", "gitlab.com": "gitlab", "bitbucket.org": "bitbucket"}
_REMOTE = re.compile(
    r"(?:(?:https?|ssh|git)://(?:[^@/]+@)?|(?:[^@/]+@)?)(?P<host>[A-Za-z0-9.-]+)(?::\d+)?[:/]"
    r"(?P<path>[A-Za-z0-9._/-]+?)(?:\.git)?/?"
)


@dataclass(frozen=True, slots=True)
class Revision:
    """A pushed commit; ``prefix`` is the project's folder in the repository, ``""`` for all."""

    repository: str
    provider: str
    branch: str
    commit: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Head:
    """What git knows of a folder.

    ``is_clean`` means that the commit holds all that matters: tracked files are as committed, and
    no Python file is untracked. ``remote_branches`` are those of ``origin`` that hold the commit,
    as of the last fetch; ``branch`` is empty on a detached head.
    """

    commit: str
    prefix: str
    is_clean: bool
    branch: str = ""
    remote_url: str = ""
    remote_branches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checkout:
    """What a workflow run says that it checked out: a commit that its host has."""

    repository: str
    commit: str
    branch: str


def choose_revision(head: Head | None, checkout: Checkout | None) -> Revision | None:
    """Choose where others get the project as it is here; ``None`` if they cannot."""
    if head is None or not head.is_clean or not _is_short_path(head.prefix):
        return None
    if checkout is not None and checkout.commit == head.commit and checkout.branch:
        repository, provider, branch = checkout.repository, "github", checkout.branch
    else:
        repository, provider = parse_remote(head.remote_url)
        branch = _choose_branch(head)
    if not (repository and branch):
        return None
    return Revision(repository, provider, branch, head.commit, head.prefix)


def choose_checkout(repository: str, commit: str, ref: str, head_ref: str) -> Checkout | None:
    """Read a run's own words: ``ref`` is ``refs/...``, ``head_ref`` a pull request's branch.

    A pull request is checked out as its merge with the target, which is on no branch: then the
    branch is the pull request's own, and the agent is told to fetch the commit.
    """
    if not (repository and commit and ref):
        return None
    if ref.startswith("refs/pull/"):
        return Checkout(repository, commit, head_ref)
    return Checkout(repository, commit, re.sub(r"^refs/(heads|tags)/", "", ref))


def parse_remote(url: str) -> tuple[str, str]:
    """Return a remote's ``owner/name`` and its provider; empty where OpenHands knows none."""
    match = _REMOTE.fullmatch(url.strip())
    provider = _PROVIDERS.get(match["host"].lower(), "") if match else ""
    path = match["path"].strip("/") if match else ""
    return (path, provider) if provider and "/" in path else ("", "")


def _choose_branch(head: Head) -> str:
    if head.branch in head.remote_branches:
        return head.branch
    return next((name for name in head.remote_branches if name != "HEAD"), "")


def _is_short_path(prefix: str) -> bool:
    return not prefix or (is_safe_path(prefix) and len(prefix.encode()) <= MAX_PREFIX_BYTES)
