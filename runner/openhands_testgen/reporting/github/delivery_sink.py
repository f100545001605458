"""Brings accepted tests to GitHub: commits, never by force, never over what moved meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhands_testgen.clients.github_errors import GitHubError, Reason
from openhands_testgen.reporting.github.delivery import find_base

if TYPE_CHECKING:
    from openhands_testgen.clients.github import GitHubClient
    from openhands_testgen.clients.github_records import Commit
    from openhands_testgen.reporting.github.delivery import Delivery

SHORT = 8
# Jobs of a matrix deliver to one branch side by side: whoever comes second looks again.
MAX_RACES = 5


class NotDeliveredError(Exception):
    """The tests were not delivered; ``str(error)`` says why, in a sentence without its end."""


def commit(client: GitHubClient, delivery: Delivery) -> str:
    """Put the files on the branch as one commit; return what was done, in words.

    The same call again, or one whose answer was lost, commits nothing twice: the tree tells.

    Raises:
        NotDeliveredError: the branch has moved, or is a delivery itself.
        GitHubError: GitHub refused, or did not answer.

    """
    branch = delivery.branch
    blobs: dict[str, str] = {}
    for _ in range(MAX_RACES):
        present = _find_commit(client, branch)
        if present is None:
            message = f"there is no branch {branch} any more"
            raise NotDeliveredError(message)
        _refuse_loop(delivery, present)
        blobs = blobs or client.create_blobs(delivery.files)
        tree = client.create_tree(present.tree, blobs)
        if tree == present.tree:
            return f"{branch} holds the tests already"
        _refuse_moved(delivery, present)
        sha = client.create_commit(delivery.message, tree, [present.sha])
        if _move(client, branch, sha, present.sha):
            return f"the tests are commit {sha[:SHORT]} on {branch}"
    raise NotDeliveredError(_lose_race(branch))


def open_pull_request(client: GitHubClient, delivery: Delivery) -> str:
    """Put the files on a branch of their own with a pull request; return what was done, in words.

    Later deliveries to the same target move that branch forward and keep the pull request.

    Raises:
        NotDeliveredError: the branch cannot be moved forward, or no pull request be opened.
        GitHubError: GitHub refused, or did not answer.

    """
    base = client.get_commit(delivery.expected_sha)
    blobs = client.create_blobs(delivery.files)
    tree = client.create_tree(base.tree, blobs)
    if tree == base.tree:
        return f"{delivery.branch} holds the tests already"
    own = delivery.own_branch
    if not any(_put_on_own_branch(client, delivery, blobs, tree) for _ in range(MAX_RACES)):
        raise NotDeliveredError(_lose_race(own))
    url = client.find_pull(own, delivery.branch) or _create_pull(client, delivery)
    return f"the tests are in the pull request {url}"


def _put_on_own_branch(
    client: GitHubClient, delivery: Delivery, blobs: dict[str, str], first_tree: str
) -> bool:
    """Put the files on the branch of the pull request; return whether nobody was faster."""
    own, expected_sha = delivery.own_branch, delivery.expected_sha
    present = _find_commit(client, own)
    if present is None:
        sha = client.create_commit(delivery.message, first_tree, [expected_sha])
        return _create_branch(client, own, sha)
    made_on = find_base(present.message)
    if not made_on and present.sha != expected_sha:
        message = f"{own} has commits of others; merge or delete it"
        raise NotDeliveredError(message)
    if expected_sha not in {made_on, present.sha} and _merge(client, delivery):
        return False  # look again at what the merge has made
    tree = client.create_tree(present.tree, blobs)
    if tree == present.tree:
        return True
    sha = client.create_commit(delivery.message, tree, [present.sha])
    return _move(client, own, sha, present.sha)


def _find_commit(client: GitHubClient, branch: str) -> Commit | None:
    head = client.find_head(branch)
    return client.get_commit(head) if head else None


def _merge(client: GitHubClient, delivery: Delivery) -> bool:
    """Bring the target's state into the branch of the pull request; return whether it lacked it."""
    own = delivery.own_branch
    try:
        return client.merge(own, delivery.expected_sha, delivery.message)
    except GitHubError as error:
        if error.reason is not Reason.CONFLICT:
            raise
        message = f"{own} has conflicts with {delivery.branch}; merge or delete it"
        raise NotDeliveredError(message) from error


def _create_pull(client: GitHubClient, delivery: Delivery) -> str:
    own = delivery.own_branch
    try:
        return client.create_pull(own, delivery.branch, delivery.subject, delivery.body)
    except GitHubError as error:
        if error.reason is Reason.INVALID:
            url = client.find_pull(own, delivery.branch)
            if url:
                return url
        if error.reason is not Reason.FORBIDDEN:
            raise
        message = (
            f"the tests are on the branch {own}, but the token may not open a pull request: it "
            "needs `pull-requests: write`, and the repository the setting that lets Actions "
            "create pull requests"
        )
        raise NotDeliveredError(message) from error


def _create_branch(client: GitHubClient, branch: str, sha: str) -> bool:
    try:
        client.create_branch(branch, sha)
    except GitHubError as error:
        if error.reason is not Reason.INVALID or client.find_head(branch) is None:
            raise
        return False
    return True


def _move(client: GitHubClient, branch: str, sha: str, head: str) -> bool:
    """Move a branch forward from its head; return whether nobody was faster."""
    try:
        client.move_branch(branch, sha)
    except GitHubError as error:
        if error.reason is not Reason.INVALID:
            raise
        if client.find_head(branch) != head:
            return False
        message = f"GitHub does not move {branch} forward ({error.said}); nothing was overwritten"
        raise NotDeliveredError(message) from error
    return True


def _refuse_moved(delivery: Delivery, present: Commit) -> None:
    """Refuse a branch that others have moved; what we delivered for the same head may stay."""
    expected_sha = delivery.expected_sha
    if expected_sha not in {present.sha, find_base(present.message)}:
        message = (
            f"{delivery.branch} has moved from {expected_sha[:SHORT]} to {present.sha[:SHORT]} "
            "meanwhile; nothing was overwritten"
        )
        raise NotDeliveredError(message)


def _refuse_loop(delivery: Delivery, present: Commit) -> None:
    """Refuse to deliver on top of a delivery: with some tokens that would go on for ever."""
    is_head = present.sha == delivery.expected_sha
    if delivery.is_automatic and is_head and find_base(present.message):
        message = f"the head of {delivery.branch} is a delivery itself"
        raise NotDeliveredError(message)


def _lose_race(branch: str) -> str:
    return f"{branch} moves too fast; nothing was overwritten"
