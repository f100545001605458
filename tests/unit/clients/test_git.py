"""What git is asked, with real repositories."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.clients.git import read_head

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY = ("-c", "user.name=n", "-c", "user.email=e@localhost", "-c", "commit.gpgsign=false")


def git(folder: Path, *command: str) -> str:
    done = subprocess.run(
        ["git", *IDENTITY, *command], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with one commit, pushed to ``main``."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(origin))
    git(tmp_path, "clone", "-q", str(origin), str(clone))
    (clone / "sub" / "ö").mkdir(parents=True)
    (clone / "sub" / "ö" / "a.py").write_text("x = 1\n")
    git(clone, "checkout", "-q", "-B", "main")
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "one")
    git(clone, "push", "-q", "origin", "main")
    return clone


def test_a_pushed_commit(clone: Path) -> None:
    head = read_head(clone)
    assert head is not None
    assert (head.commit, head.branch) == (git(clone, "rev-parse", "HEAD"), "main")
    assert (head.prefix, head.is_clean, head.remote_branches) == ("", True, ("main",))
    assert head.remote_url == str(clone.parent / "origin")


def test_a_folder_of_it(clone: Path) -> None:
    head = read_head(clone / "sub" / "ö")
    assert head is not None
    assert head.prefix == "sub/ö"


def test_a_commit_that_is_not_pushed(clone: Path) -> None:
    git(clone, "commit", "-q", "--allow-empty", "-m", "two")
    head = read_head(clone)
    assert head is not None
    assert head.remote_branches == ()


def test_a_detached_head(clone: Path) -> None:
    git(clone, "checkout", "-q", "--detach")
    head = read_head(clone)
    assert head is not None
    assert (head.branch, head.remote_branches) == ("", ("main",))


@pytest.mark.parametrize(
    ("path", "is_clean"),
    [
        ("sub/ö/a.py", False),  # changed
        ("sub/new.py", False),  # code that nobody else has
        (".coverage", True),  # what test runs leave behind
        ("sub/data.json", True),
    ],
)
def test_what_the_commit_does_not_hold(clone: Path, path: str, is_clean: bool) -> None:
    (clone / path).write_text("y = 2\n")
    head = read_head(clone)
    assert head is not None
    assert head.is_clean is is_clean


def test_what_is_renamed_or_deleted_is_not_as_committed(clone: Path) -> None:
    git(clone, "mv", "sub/ö/a.py", "b.txt")
    head = read_head(clone)
    assert head is not None
    assert not head.is_clean


def test_changes_outside_of_the_project_are_none_of_it(clone: Path) -> None:
    (clone / "other.py").write_text("")
    head = read_head(clone / "sub")
    assert head is not None
    assert head.is_clean


def test_no_repository_and_no_commit(tmp_path: Path) -> None:
    assert read_head(tmp_path) is None
    git(tmp_path, "init", "-q")
    assert read_head(tmp_path) is None
