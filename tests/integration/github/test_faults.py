"""GitHub refuses, breaks or does not answer: a sentence, and nothing doubled."""

from __future__ import annotations

import pytest

from openhands_testgen.clients.github import GitHubClient
from openhands_testgen.clients.github_errors import GitHubError, Reason
from openhands_testgen.reporting.github.publisher import GitHubPublisher, Wishes
from tests.fakes.github import TOKEN, GitHubFault
from tests.fakes.github_routes import NAME
from tests.integration.github.scene import (
    FORK,
    LIMIT,
    PULL,
    Scene,
    make_annotations,
)

FAULTS = {
    "401": GitHubFault(status=401, message="Bad credentials"),
    "403": GitHubFault(status=403, message="Resource not accessible by integration"),
    "404": GitHubFault(status=404, message="Not Found"),
    "409": GitHubFault(status=409, message="Conflict"),
    "410": GitHubFault(status=410),
    "415": GitHubFault(status=415),
    "422": GitHubFault(status=422),
    "500": GitHubFault(status=500),
    "502": GitHubFault(status=502),
    "429": GitHubFault(status=429, headers={"Retry-After": "3600"}),
    "primary limit": GitHubFault(status=403, message="API rate limit exceeded", headers=LIMIT),
    "secondary limit": GitHubFault(
        status=403, message="You have exceeded a secondary rate limit and have been blocked"
    ),
    "cut": GitHubFault(kind="cut"),
    "half": GitHubFault(kind="half"),
    "garbage": GitHubFault(kind="garbage"),
    "slow": GitHubFault(kind="hang"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_whatever_answers_it_steps_down(scene: Scene, name: str) -> None:
    scene.github.faults = [FAULTS[name]]
    published = scene.publish(137, comment=True)
    assert len(published.missing) == 137
    assert len(published.notes) == 1
    text = published.notes[0].text
    assert text.startswith("No check run and no comment: ")
    assert text.endswith("The annotations stand in this log and in the job summary.")
    assert scene.github.repository.check_runs == []


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_after_any_fault_the_next_run_makes_it_whole(scene: Scene, name: str, method: str) -> None:
    fault = FAULTS[name]
    scene.github.faults = [
        GitHubFault(method, kind=fault.kind, status=fault.status, headers=fault.headers)
    ]
    scene.publish(60, comment=True)
    scene.github.faults = []
    assert scene.publish(60, comment=True).notes == []
    (run,) = scene.github.repository.check_runs
    assert len(run.annotations) == 60
    assert len(scene.github.repository.comments) == 1


@pytest.mark.parametrize("path", ["/check-runs$", "/comments$"])
@pytest.mark.parametrize("kind", ["cut", "half", "hang"])
def test_a_post_whose_answer_is_lost_is_not_repeated(scene: Scene, path: str, kind: str) -> None:
    scene.github.faults = [GitHubFault("POST", path, kind=kind, times=1, is_done=True)]
    published = scene.publish(137, comment=True)
    assert published.notes == []
    assert published.missing == []
    (run,) = scene.github.repository.check_runs
    assert [one["message"] for one in run.annotations] == [f"number {n}" for n in range(137)]
    assert len(scene.github.repository.comments) == 1
    assert scene.waits == [1.0]


@pytest.mark.parametrize("status", [500, 502])
def test_a_lost_update_is_not_appended_twice(scene: Scene, status: int) -> None:
    scene.github.faults = [GitHubFault("PATCH", status=status, times=1, is_done=True)]
    assert scene.publish(137).missing == []
    (run,) = scene.github.repository.check_runs
    assert [one["message"] for one in run.annotations] == [f"number {n}" for n in range(137)]


def test_a_short_limit_is_waited_out(scene: Scene) -> None:
    headers = {"Retry-After": "7"}
    scene.github.faults = [GitHubFault("POST", status=429, headers=headers, times=1)]
    assert scene.publish(60).missing == []
    assert scene.waits == [7.0]
    assert len(scene.github.repository.check_runs) == 1


def test_after_a_limit_github_is_left_alone(scene: Scene) -> None:
    scene.github.faults = [FAULTS["primary limit"]]
    scene.publish(60, comment=True, deliver="commit")
    assert len(scene.github.requests) == 1


def test_what_did_not_arrive_is_known(scene: Scene) -> None:
    scene.github.faults = [GitHubFault("PATCH", status=500, after=1)]
    published = scene.publish(137)
    assert [one.message for one in published.missing] == [f"number {n}" for n in range(100, 137)]


def test_one_missing_permission_leaves_the_other_sink(scene: Scene) -> None:
    scene.github.permissions = frozenset({"pull-requests"})
    published = scene.publish(comment=True)
    (note,) = published.notes
    assert note.text.startswith("No check run: the token lacks the permission `checks: write`.")
    assert len(scene.github.repository.comments) == 1


def test_all_missing_permissions_are_one_sentence(scene: Scene) -> None:
    scene.github.permissions = frozenset()
    (note,) = scene.publish(comment=True, deliver="commit").notes
    assert "`contents: write`, `checks: write` and `pull-requests: write`" in note.text


def test_a_fork_says_that_it_is_one(scene: Scene) -> None:
    scene.event, scene.github.permissions = FORK, frozenset()
    (note,) = scene.publish().notes
    assert note.text.startswith("No check run: pull requests from forks get a token that may")


def test_a_wrong_token(scene: Scene) -> None:
    scene.token = "ghs_wrong"
    (note,) = scene.publish(comment=True).notes
    assert "does not accept the token (401)" in note.text
    assert len(scene.github.requests) == 1


def test_nobody_answers(scene: Scene) -> None:
    def connect() -> GitHubClient:
        return GitHubClient(TOKEN, "http://127.0.0.1:9/api/v3", NAME)

    publisher = GitHubPublisher(connect, PULL, Wishes(), scene.waits.append)
    published = publisher.publish(scene.results, make_annotations(2), {})
    assert "GitHub did not answer as it should (ConnectionError)" in published.notes[0].text
    assert scene.waits == [1.0, 4.0]


def test_no_token(scene: Scene) -> None:
    def connect() -> GitHubClient:
        raise GitHubError(Reason.NO_TOKEN)

    publisher = GitHubPublisher(connect, PULL, Wishes(comment=True), scene.waits.append)
    (note,) = publisher.publish(scene.results, make_annotations(2), {}).notes
    assert note.text.startswith("No check run and no comment: there is no token; give")


def test_an_address_that_is_none(scene: Scene) -> None:
    def connect() -> GitHubClient:
        return GitHubClient(TOKEN, "ftp:/nowhere", NAME)

    publisher = GitHubPublisher(connect, PULL, Wishes(), scene.waits.append)
    (note,) = publisher.publish(scene.results, make_annotations(2), {}).notes
    assert note.text.startswith("No check run: GitHub did not answer as it should")


def test_the_token_goes_to_github_alone(scene: Scene) -> None:
    scene.publish(comment=True)
    assert scene.github.tokens == {TOKEN}
    assert TOKEN not in repr(scene.github.repository.check_runs)
