"""The few questions that are asked of git, with the repository's own hooks and helpers off."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from openhands_testgen.domain.revision import Head
from openhands_testgen.errors import BackendError

if TYPE_CHECKING:
    from pathlib import Path

SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.quotePath=off")
TIMEOUT_SECONDS = 60


def find_files(folder: Path) -> tuple[str, ...] | None:
    """Return the files below a folder as git sees them: tracked and untracked, not ignored.

    Paths are POSIX and relative to the folder; files that are gone are still named. ``None`` where
    there is no git or no repository.
    """
    command = ["git", *SAFE, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=TIMEOUT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    names = listed.stdout.decode("utf-8", "surrogateescape").split("\0")
    return tuple(sorted({name for name in names if name}))


def read_head(folder: Path) -> Head | None:
    """Ask what the folder's commit is and who else has it, without the network.

    ``None`` where there is no git, no repository or no commit.
    """
    commit = _ask(folder, "rev-parse", "--verify", "HEAD")
    changes = _ask(folder, "status", "--porcelain", "-z", "--untracked-files=all", "--", ".")
    prefix = _ask(folder, "rev-parse", "--show-prefix")
    if commit is None or changes is None or prefix is None:
        return None
    holders = _ask(
        folder,
        *("for-each-ref", "--contains", "HEAD", "--format=%(refname:lstrip=3)"),
        "refs/remotes/origin",
    )
    return Head(
        commit=commit,
        prefix=prefix.rstrip("/"),
        is_clean=all(map(_is_untracked_matter, filter(None, changes.split("\0")))),
        branch=_ask(folder, "symbolic-ref", "--quiet", "--short", "HEAD") or "",
        remote_url=_ask(folder, "remote", "get-url", "origin") or "",
        remote_branches=tuple((holders or "").split("\n")) if holders else (),
    )


def _is_untracked_matter(entry: str) -> bool:
    """Whether an entry of the status is a file that test runs leave behind: no change, no code."""
    return entry.startswith("?? ") and not entry.endswith(".py")


def _ask(folder: Path, *command: str) -> str | None:
    """Return what git prints; ``None`` where it fails."""
    try:
        answer = subprocess.run(
            ["git", *SAFE, *command],  # noqa: S607 - the user's git
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.decode("utf-8", "surrogateescape").rstrip("\n")


def commit_base(folder: Path) -> None:
    """Make a repository of a folder with all its files in one commit, so that `git diff` works.

    Raises:
        BackendError: git is missing or failed.

    """
    identity = ["-c", "user.name=openhands-testgen", "-c", "user.email=openhands-testgen@localhost"]
    for command in (
        ["init", "-q", "--template="],
        ["add", "-A", "-f"],
        [*identity, "-c", "commit.gpgsign=false", "commit", "-q", "--allow-empty", "-m", "base"],
    ):
        _run_git(folder, command)


def _run_git(folder: Path, command: list[str]) -> None:
    try:
        subprocess.run(
            ["git", *SAFE, *command],  # noqa: S607 - the user's git
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as exc:
        said = getattr(exc, "stderr", None) or b""
        message = f"git {command[0]} failed in {folder}: {exc} {said.decode(errors='replace')}"
        raise BackendError(message.strip()) from exc
