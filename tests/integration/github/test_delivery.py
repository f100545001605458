"""Deliveries: a commit or a pull request, never over what moved meanwhile."""

from __future__ import annotations

import pytest

from openhands_testgen.reporting.github.event import Event
from openhands_testgen.reporting.github.publisher import GitHubPublisher, Wishes
from tests.fakes.github import GitHubFault
from tests.fakes.github_repository import HEAD
from tests.fakes.github_routes import NAME
from tests.fakes.results import make_result
from tests.integration.github.scene import (
    FILES,
    FORK,
    PULL,
    RUN_URL,
    Scene,
    make_annotations,
)


def test_a_commit_on_the_branch(scene: Scene) -> None:
    scene.results = [make_result()]
    published = scene.publish(deliver="commit")
    repository = scene.github.repository
    head = repository.branches["feature"]
    assert repository.commits[head].parents == [HEAD]
    assert repository.commits[head].message.startswith("Tests for src/shop/prices.py\n")
    assert repository.read_files("feature") == {**repository.read_files("main"), **FILES}
    assert published.delivered == f"the tests are commit {head[:8]} on feature"
    assert published.notes == []
    (run,) = repository.check_runs
    assert isinstance(run.fields["output"], dict)
    assert f"Delivered: the tests are commit {head[:8]}" in run.fields["output"]["summary"]


def test_the_same_again_commits_nothing(scene: Scene) -> None:
    scene.publish(deliver="commit")
    head = scene.github.repository.branches["feature"]
    published = scene.publish(deliver="commit")
    assert published.delivered == "feature holds the tests already"
    assert published.notes == []
    assert scene.github.repository.branches["feature"] == head


def test_a_branch_that_has_moved_is_left_alone(scene: Scene) -> None:
    moved = scene.github.repository.push("feature", other=b"x")
    published = scene.publish(deliver="commit")
    assert scene.github.repository.branches["feature"] == moved
    (note,) = published.notes
    assert note.level == "warning"
    assert note.text == (
        f"No delivery: feature has moved from {HEAD[:8]} to {moved[:8]} meanwhile; "
        "nothing was overwritten."
    )
    assert published.missing == []


def test_a_branch_that_moves_at_the_last_moment(scene: Scene) -> None:
    repository = scene.github.repository
    scene.github.meanwhile = [lambda: repository.push("feature", other=b"x")]
    (note,) = scene.publish(deliver="commit").notes
    assert repository.commits[repository.branches["feature"]].message == "Somebody's"
    assert note.text.startswith("No delivery: feature has moved from")
    assert "nothing was overwritten" in note.text


def test_a_branch_that_is_gone(scene: Scene) -> None:
    del scene.github.repository.branches["feature"]
    (note,) = scene.publish(deliver="commit").notes
    assert note.text == "No delivery: there is no branch feature any more."


def test_the_branch_of_a_fork_is_refused(scene: Scene) -> None:
    scene.event = FORK
    published = scene.publish(deliver="commit")
    assert published.notes[0].text == (
        "No delivery: tests are never delivered to the branches of forks."
    )
    assert not any("/git/" in call for call in scene.github.list_calls())


@pytest.mark.parametrize("mode", ["commit", "pull-request"])
def test_a_missing_permission(scene: Scene, mode: str) -> None:
    scene.github.permissions = frozenset({"checks"})
    published = scene.publish(deliver=mode)
    (note,) = published.notes
    assert note.text == "No delivery: the token lacks the permission `contents: write`."
    assert published.missing == []
    assert scene.github.repository.branches == {"main": HEAD, "feature": HEAD}


def test_the_head_is_a_delivery_itself(scene: Scene) -> None:
    scene.publish(deliver="commit")
    head = scene.github.repository.branches["feature"]
    scene.event = Event("pull_request", head, "feature", 7)
    scene.files = {"tests/test_prices.py": b"# other tests"}
    (note,) = scene.publish(deliver="commit").notes
    assert note.text == "No delivery: the head of feature is a delivery itself."
    assert scene.github.repository.branches["feature"] == head


@pytest.mark.parametrize("mode", ["commit", "pull-request"])
@pytest.mark.parametrize("kind", ["cut", "half"])
@pytest.mark.parametrize("call", range(8))
def test_a_lost_answer_delivers_nothing_twice(
    scene: Scene, mode: str, kind: str, call: int
) -> None:
    scene.github.faults = [
        GitHubFault(path="/(git|pulls)", kind=kind, after=call, times=1, is_done=True)
    ]
    published = scene.publish(deliver=mode)
    assert published.notes == []
    branch = "feature" if mode == "commit" else "openhands-testgen/feature"
    repository = scene.github.repository
    assert repository.commits[repository.branches[branch]].parents == [HEAD]
    assert len(repository.pulls) == (mode == "pull-request")


def test_a_pull_request_of_their_own(scene: Scene) -> None:
    scene.results = [make_result()]
    published = scene.publish(deliver="pull-request")
    repository = scene.github.repository
    (pull,) = repository.pulls
    assert (pull.head, pull.base) == ("openhands-testgen/feature", "feature")
    assert pull.title == "Tests for src/shop/prices.py"
    assert "| accepted |" in pull.body
    assert repository.branches["feature"] == HEAD
    assert set(repository.read_files(pull.head)) > set(FILES)
    assert published.delivered == (
        f"the tests are in the pull request https://github.example/{NAME}/pull/{pull.number}"
    )


def test_a_later_run_keeps_that_pull_request(scene: Scene) -> None:
    scene.publish(deliver="pull-request")
    repository = scene.github.repository
    moved = repository.push("feature", other=b"x")
    scene.event = Event("pull_request", moved, "feature", 7)
    scene.files = {"tests/test_more.py": b"more"}
    assert scene.publish(deliver="pull-request").notes == []
    assert repository.is_above(moved, repository.branches["openhands-testgen/feature"])
    assert set(repository.read_files("openhands-testgen/feature")) == {
        *repository.read_files("feature"),
        *FILES,
        "tests/test_more.py",
    }
    assert len(repository.pulls) == 1
    assert scene.publish(deliver="pull-request").delivered.startswith("the tests are in the pull")


def test_a_branch_in_conflict_with_its_target(scene: Scene) -> None:
    scene.publish(deliver="pull-request")
    repository = scene.github.repository
    head = repository.branches["openhands-testgen/feature"]
    moved = repository.push("feature", other=b"x")
    scene.event = Event("pull_request", moved, "feature", 7)
    scene.github.merges_conflict = True
    (note,) = scene.publish(deliver="pull-request").notes
    assert note.text == (
        "No delivery: openhands-testgen/feature has conflicts with feature; merge or delete it."
    )
    assert repository.branches["openhands-testgen/feature"] == head


def test_a_target_that_went_back(scene: Scene) -> None:
    repository = scene.github.repository
    moved = repository.push("feature", other=b"x")
    scene.event = Event("pull_request", moved, "feature", 7)
    scene.publish(deliver="pull-request")
    repository.branches["feature"] = HEAD
    scene.event = PULL
    scene.files = {"tests/test_more.py": b"more"}
    assert scene.publish(deliver="pull-request").notes == []
    assert "tests/test_more.py" in repository.read_files("openhands-testgen/feature")


@pytest.mark.parametrize("mode", ["commit", "pull-request"])
def test_jobs_of_a_matrix_deliver_to_one_branch(scene: Scene, mode: str) -> None:
    for name in "abc":
        scene.files = {f"tests/test_{name}.py": name.encode()}
        assert scene.publish(deliver=mode).notes == []
    branch = "feature" if mode == "commit" else "openhands-testgen/feature"
    found = scene.github.repository.read_files(branch)
    assert {"tests/test_a.py", "tests/test_b.py", "tests/test_c.py"} < set(found)
    assert len(scene.github.repository.pulls) == (mode == "pull-request")


@pytest.mark.parametrize("mode", ["commit", "pull-request"])
def test_whoever_comes_second_looks_again(scene: Scene, mode: str) -> None:
    repository = scene.github.repository
    branch = "feature" if mode == "commit" else "openhands-testgen/feature"

    def deliver_meanwhile() -> None:
        repository.branches.setdefault(branch, HEAD)
        message = f"Tests for b.py\n\nGenerated-Tests-Base: {HEAD}\n"
        repository.push(branch, message, other=b"another job's")

    scene.github.meanwhile = [deliver_meanwhile, deliver_meanwhile]
    assert scene.publish(deliver=mode).notes == []
    assert {"other.py", *FILES} < set(repository.read_files(branch))


def test_a_branch_that_never_stands_still(scene: Scene) -> None:
    repository = scene.github.repository
    message = f"Tests\n\nGenerated-Tests-Base: {HEAD}\n"
    scene.github.meanwhile = [lambda: repository.push("feature", message, other=b"x")] * 9
    (note,) = scene.publish(deliver="commit").notes
    assert note.text == "No delivery: feature moves too fast; nothing was overwritten."


def test_a_branch_that_github_protects(scene: Scene) -> None:
    scene.github.faults = [
        GitHubFault("PATCH", "/git/refs", status=422, message="Protected branch update failed")
    ]
    (note,) = scene.publish(deliver="commit").notes
    assert note.text == (
        "No delivery: GitHub does not move feature forward (Protected branch update failed); "
        "nothing was overwritten."
    )
    assert scene.github.list_calls().count("PATCH /git/refs/heads/feature") == 1


@pytest.mark.parametrize("branch", ["feat/a-b_c", "feat#1", "100%", "ü", "a.b@c"])
@pytest.mark.parametrize("mode", ["commit", "pull-request"])
def test_names_of_branches(scene: Scene, branch: str, mode: str) -> None:
    scene.github.repository.branches[branch] = HEAD
    scene.event = Event("pull_request", HEAD, branch, 7)
    for _ in range(2):
        assert scene.publish(deliver=mode).notes == []
    target = branch if mode == "commit" else f"openhands-testgen/{branch}"
    assert set(FILES) < set(scene.github.repository.read_files(target))
    assert len(scene.github.repository.pulls) == (mode == "pull-request")


def test_commits_of_others_are_kept(scene: Scene) -> None:
    scene.publish(deliver="pull-request")
    repository = scene.github.repository
    pushed = repository.push("openhands-testgen/feature", other=b"x")
    (note,) = scene.publish(deliver="pull-request").notes
    assert note.text == (
        "No delivery: openhands-testgen/feature has commits of others; merge or delete it."
    )
    assert repository.branches["openhands-testgen/feature"] == pushed


def test_the_setting_for_pull_requests_is_named(scene: Scene) -> None:
    scene.github.may_create_pulls = False
    (note,) = scene.publish(deliver="pull-request").notes
    assert "the tests are on the branch openhands-testgen/feature, but" in note.text
    assert "the setting that lets Actions create pull requests" in note.text


def test_a_branch_without_a_pull_request(scene: Scene) -> None:
    scene.event = Event("schedule", HEAD, "main")
    scene.publish(deliver="pull-request")
    (pull,) = scene.github.repository.pulls
    assert pull.base == "main"


def test_without_files_nothing_is_asked(scene: Scene) -> None:
    wishes = Wishes(deliver="commit", run_url=RUN_URL)
    publisher = GitHubPublisher(scene.connect, PULL, wishes, scene.waits.append)
    assert publisher.publish(scene.results, make_annotations(2), {}).notes == []
    assert not any("/git/" in call for call in scene.github.list_calls())
