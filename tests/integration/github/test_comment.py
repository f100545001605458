"""The comment: one, found again over all pages, never a stranger's."""

from __future__ import annotations

from tests.fakes.github_repository import FakeComment
from tests.fakes.github_routes import NAME
from tests.fakes.results import make_result
from tests.integration.github.scene import (
    RUN_URL,
    Scene,
)


def test_one_comment_is_kept_up_to_date(scene: Scene) -> None:
    scene.publish(comment=True)
    scene.results = [make_result()]
    scene.publish(comment=True)
    (comment,) = scene.github.repository.comments
    assert comment.edits == 1
    assert "### Generated tests: 1 accepted" in comment.body
    assert f"[All annotations](https://github.example/{NAME}/runs/" in comment.body
    assert f"[The run]({RUN_URL})" in comment.body


def test_the_same_again_is_not_even_an_edit(scene: Scene) -> None:
    scene.publish(comment=True)
    scene.publish(comment=True)
    (comment,) = scene.github.repository.comments
    assert comment.edits == 0


def test_it_is_found_behind_hundreds(scene: Scene) -> None:
    comments = scene.github.repository.comments
    comments += [FakeComment(1_000 + n, 7, f"number {n}", "User") for n in range(250)]
    scene.publish(comment=True)
    scene.publish(comment=True)
    assert len(comments) == 251
    assert len([call for call in scene.github.list_calls() if "comments" in call]) == 3


def test_a_strangers_copy_of_the_marker_is_not_believed(scene: Scene) -> None:
    scene.publish(comment=True)
    comments = scene.github.repository.comments
    copied = FakeComment(1, 7, comments[0].body, "User", "CONTRIBUTOR")
    comments.insert(0, copied)
    scene.results = [make_result()]
    scene.publish(comment=True)
    assert copied.edits == 0
    assert comments[1].edits == 1
    assert len(comments) == 2


def test_unless_it_is_asked_for_there_is_none(scene: Scene) -> None:
    scene.publish()
    assert scene.github.repository.comments == []
