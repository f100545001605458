"""Brings accepted tests to GitHub: one commit, never by force, never over what moved meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhands_testgen.clients.github_errors import GitHubError, Reason
from openhands_testgen.reporting.github.delivery import find_base

if TYPE_CHECKING:
    from openhands_testgen.clients.github import GitHubClient
    from openhands_testgen.reporting.github.delivery import Delivery

SHORT = 8


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
    head = client.find_head(branch)
    if head is None:
        message = f"there is no branch {branch} any more"
        raise NotDeliveredError(message)
    present = client.get_commit(head)
    _refuse_loop(delivery, present.message, head)
    tree = client.create_tree(present.tree, delivery.files)
    if tree == present.tree:
        return f"{branch} holds the tests already"
    _refuse_moved(delivery, head)
    sha = client.create_commit(delivery.message, tree, [head])
    _move(client, branch, sha)
    return f"the tests are commit {sha[:SHORT]} on {branch}"


def open_pull_request(client: GitHubClient, delivery: Delivery) -> str:
    """Put the files on a branch of their own with a pull request; return what was done, in words.

    A later run moves that branch forward and keeps the pull request.

    Raises:
        NotDeliveredError: others have committed to that branch.
        GitHubError: GitHub refused, or did not answer.

    """
    base = client.get_commit(delivery.expected_sha)
    tree = client.create_tree(base.tree, delivery.files)
    if tree == base.tree:
        return f"{delivery.branch} holds the tests already"
    _bring_branch_up_to_date(client, delivery, tree)
    own = delivery.own_branch
    url = client.find_pull(own, delivery.branch)
    if url is None:
        url = _create_pull(client, delivery)
    return f"the tests are in the pull request {url}"


def _bring_branch_up_to_date(client: GitHubClient, delivery: Delivery, tree: str) -> None:
    own = delivery.own_branch
    head = client.find_head(own)
    if head is None:
        client.create_branch(
            own, client.create_commit(delivery.message, tree, [delivery.expected_sha])
        )
        return
    present = client.get_commit(head)
    if present.tree == tree:
        return
    made_on = find_base(present.message)
    if not made_on:
        message = f"{own} has commits of others; merge or delete it"
        raise NotDeliveredError(message)
    # Both as parents where the target has moved on: a step forward, so that no force is needed.
    parents = [head] if made_on == delivery.expected_sha else [head, delivery.expected_sha]
    _move(client, own, client.create_commit(delivery.message, tree, parents))


def _create_pull(client: GitHubClient, delivery: Delivery) -> str:
    own = delivery.own_branch
    try:
        return client.create_pull(own, delivery.branch, delivery.subject, delivery.body)
    except GitHubError as error:
        if error.reason is not Reason.FORBIDDEN:
            raise
        message = (
            f"the tests are on the branch {own}, but the token may not open a pull request: it "
            "needs `pull-requests: write`, and the repository the setting that lets Actions "
            "create pull requests"
        )
        raise NotDeliveredError(message) from error


def _move(client: GitHubClient, branch: str, sha: str) -> None:
    try:
        client.move_branch(branch, sha)
    except GitHubError as error:
        if error.reason is not Reason.INVALID:
            raise
        message = f"GitHub did not move {branch} forward ({error.said}); nothing was overwritten"
        raise NotDeliveredError(message) from error


def _refuse_moved(delivery: Delivery, head: str) -> None:
    if head != delivery.expected_sha:
        message = (
            f"{delivery.branch} has moved from {delivery.expected_sha[:SHORT]} to {head[:SHORT]} "
            "meanwhile; nothing was overwritten"
        )
        raise NotDeliveredError(message)


def _refuse_loop(delivery: Delivery, message: str, head: str) -> None:
    """Refuse to deliver on top of a delivery: with some tokens that would go on for ever."""
    if delivery.is_automatic and head == delivery.expected_sha and find_base(message):
        text = f"the head of {delivery.branch} is a delivery itself"
        raise NotDeliveredError(text)
