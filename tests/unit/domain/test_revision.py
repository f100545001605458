"""Where others get the project: one row a case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from openhands_testgen.domain.revision import (
    Checkout,
    Head,
    Revision,
    choose_checkout,
    choose_revision,
    parse_remote,
)

COMMIT = "c" * 40
HEAD = Head(
    COMMIT,
    prefix="",
    is_clean=True,
    branch="topic",
    remote_url="https://github.com/o/r.git",
    remote_branches=("HEAD", "main", "topic"),
)
PUSHED = Revision("o/r", "github", "topic", COMMIT, "")
RUN = Checkout("owner/name", COMMIT, "feature")
CHECKED_OUT = Revision("owner/name", "github", "feature", COMMIT, "")


@pytest.mark.parametrize(
    ("head", "checkout", "revision"),
    [
        (HEAD, None, PUSHED),
        # Another branch that holds the commit will do.
        (replace(HEAD, branch="local"), None, replace(PUSHED, branch="main")),
        (replace(HEAD, branch=""), None, replace(PUSHED, branch="main")),
        (replace(HEAD, prefix="a/b"), None, replace(PUSHED, prefix="a/b")),
        # A workflow's own words count for the commit that it checked out, and only for that.
        (HEAD, RUN, CHECKED_OUT),
        (replace(HEAD, remote_branches=()), RUN, CHECKED_OUT),
        (HEAD, replace(RUN, commit="d" * 40), PUSHED),
        (HEAD, replace(RUN, branch=""), PUSHED),
        # Nobody else can get it.
        (None, None, None),
        (None, RUN, None),
        (replace(HEAD, is_clean=False), None, None),
        (replace(HEAD, is_clean=False), RUN, None),
        (replace(HEAD, remote_branches=()), None, None),
        (replace(HEAD, remote_branches=("HEAD",), branch=""), None, None),
        (replace(HEAD, remote_url=""), None, None),
        (replace(HEAD, remote_url="https://git.example/o/r"), None, None),
        (replace(HEAD, remote_url="/srv/o/r"), None, None),
        # What a task id cannot carry is uploaded.
        (replace(HEAD, prefix="x" * 91), None, None),
        (replace(HEAD, prefix="a\udcff"), None, None),
    ],
)
def test_revision(head: Head | None, checkout: Checkout | None, revision: Revision | None) -> None:
    assert choose_revision(head, checkout) == revision


@pytest.mark.parametrize(
    ("ref", "head_ref", "branch"),
    [
        ("refs/heads/main", "", "main"),
        ("refs/heads/a/b", "", "a/b"),
        ("refs/tags/v1", "", "v1"),
        ("refs/pull/7/merge", "topic", "topic"),
        # With `pull_request_target` the target is checked out, whoever asks.
        ("refs/heads/main", "topic-of-a-fork", "main"),
    ],
)
def test_checkout(ref: str, head_ref: str, branch: str) -> None:
    assert choose_checkout("o/r", COMMIT, ref, head_ref) == Checkout("o/r", COMMIT, branch)


@pytest.mark.parametrize(
    ("repository", "commit", "ref"),
    [("", COMMIT, "refs/heads/main"), ("o/r", "", "refs/heads/main"), ("o/r", COMMIT, "")],
)
def test_outside_of_a_workflow_nothing_was_checked_out(
    repository: str, commit: str, ref: str
) -> None:
    assert choose_checkout(repository, commit, ref, "") is None


@pytest.mark.parametrize(
    ("url", "repository", "provider"),
    [
        ("https://github.com/o/r.git", "o/r", "github"),
        ("https://github.com/o/r", "o/r", "github"),
        ("https://user:token@github.com/o/r/", "o/r", "github"),
        ("git@github.com:o/r.git", "o/r", "github"),
        ("ssh://git@github.com:22/o/r.git", "o/r", "github"),
        ("https://GitLab.com/group/sub/r.git", "group/sub/r", "gitlab"),
        ("git@bitbucket.org:o/r.git", "o/r", "bitbucket"),
        ("https://github.com/o", "", ""),
        ("https://git.example/github.com/o/r", "", ""),
        ("file:///srv/o/r", "", ""),
        ("../r", "", ""),
        ("", "", ""),
    ],
)
def test_remote(url: str, repository: str, provider: str) -> None:
    assert parse_remote(url) == (repository, provider)
