"""The check run: every annotation once, found again over all pages."""

from __future__ import annotations

import pytest

from openhands_testgen.reporting.github.event import Event
from tests.fakes.github import GitHubFault
from tests.fakes.github_repository import HEAD
from tests.fakes.github_routes import NAME
from tests.fakes.hostile import TEXTS, make_hostile
from tests.integration.github.scene import (
    RUN_URL,
    Scene,
)


def test_137_annotations_arrive_whole_in_three_requests(scene: Scene) -> None:
    published = scene.publish(137)
    assert published.notes == []
    assert published.missing == []
    (run,) = scene.github.repository.check_runs
    assert published.check_url == f"https://github.example/{NAME}/runs/{run.id}"
    assert [one["message"] for one in run.annotations] == [f"number {n}" for n in range(137)]
    assert [one["annotation_level"] for one in run.annotations[:3]] == [
        "failure",
        "warning",
        "notice",
    ]
    assert (run.annotations[5]["start_line"], run.annotations[5]["end_line"]) == (6, 7)
    assert scene.github.list_calls() == [
        f"GET /commits/{HEAD}/check-runs",
        "POST /check-runs",
        *[f"PATCH /check-runs/{run.id}"] * 2,
    ]


def test_what_it_says(scene: Scene) -> None:
    scene.publish()
    (run,) = scene.github.repository.check_runs
    fields = run.fields
    assert fields["name"] == "Generated tests: src/shop/prices.py"
    assert fields["head_sha"] == HEAD
    assert (fields["status"], fields["conclusion"]) == ("completed", "failure")
    assert fields["details_url"] == RUN_URL
    assert isinstance(fields["output"], dict)
    assert fields["output"]["title"] == "1 rejected"
    assert "<code>src/shop/prices.py</code> | rejected" in fields["output"]["summary"]
    assert "test&#95;b" in fields["output"]["text"]


def test_500_annotations_take_no_more_calls_than_needed(scene: Scene) -> None:
    assert scene.publish(500).missing == []
    assert len(scene.github.requests) == 11


def test_a_second_run_doubles_nothing(scene: Scene) -> None:
    scene.publish(137)
    assert scene.publish(137).notes == []
    (run,) = scene.github.repository.check_runs
    assert len(run.annotations) == 137
    assert [call.split()[0] for call in scene.github.list_calls()] == [
        *("GET", "GET", "GET"),
        "PATCH",
    ]


def test_it_is_found_behind_many_others(scene: Scene) -> None:
    scene.publish(1)
    (run,) = scene.github.repository.check_runs
    others = [
        type(run)(1_000 + n, HEAD, {**run.fields, "external_id": "another's"}) for n in range(130)
    ]
    scene.github.repository.check_runs += others
    scene.publish(1)
    assert len(scene.github.repository.check_runs) == 131
    assert len(run.annotations) == 1


def test_a_run_that_broke_off_is_completed(scene: Scene) -> None:
    scene.github.faults = [GitHubFault("PATCH", status=422)]
    published = scene.publish(137)
    assert [one.message for one in published.missing] == [f"number {n}" for n in range(50, 137)]
    scene.github.faults = []
    scene.publish(137)
    (run,) = scene.github.repository.check_runs
    assert [one["message"] for one in run.annotations] == [f"number {n}" for n in range(137)]


def test_other_results_of_the_same_commit_take_its_place(scene: Scene) -> None:
    scene.publish(5)
    scene.publish(3)
    first, second = scene.github.repository.check_runs
    assert first.fields["name"] == second.fields["name"]
    assert (len(first.annotations), len(second.annotations)) == (5, 3)
    scene.publish(3)
    assert len(scene.github.repository.check_runs) == 2
    assert len(second.annotations) == 3


def test_more_than_anybody_reads_is_counted(scene: Scene) -> None:
    assert scene.publish(1_200).missing == []
    (run,) = scene.github.repository.check_runs
    assert len(run.annotations) == 1_000
    assert isinstance(run.fields["output"], dict)
    summary = run.fields["output"]["summary"]
    assert summary.endswith("200 more annotations: see the job summary.")


def test_without_a_pull_request_it_stands_on_the_commit(scene: Scene) -> None:
    scene.event = Event("push", HEAD, "main")
    assert scene.publish(2, comment=True).notes == []
    assert len(scene.github.repository.check_runs) == 1
    assert scene.github.repository.comments == []


def test_an_event_without_a_commit(scene: Scene) -> None:
    scene.event = Event("pull_request")
    published = scene.publish(2)
    assert len(published.missing) == 2
    assert published.notes[0].text.startswith("No check run: the event's payload names no")
    assert scene.github.requests == []


def test_a_folder_of_the_repository(scene: Scene) -> None:
    scene.publish(2, path_prefix="backend")
    (run,) = scene.github.repository.check_runs
    assert run.annotations[0]["path"] == "backend/src/a.py"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_results_are_taken(scene: Scene, text: str) -> None:
    scene.results = [make_hostile(text)] * 3
    published = scene.publish(2, comment=True, deliver="commit")
    assert published.notes == []
    (run,) = scene.github.repository.check_runs
    output = run.fields["output"]
    assert isinstance(output, dict)
    for name in ("summary", "text"):
        assert len(output[name].encode()) <= 64_000
        assert "<script" not in output[name]
        assert "\x00" not in output[name]


def test_an_enterprise_server(scene: Scene) -> None:
    scene.github.prefix = "/api/v3"
    for _ in range(2):
        published = scene.publish(137, comment=True, deliver="pull-request")
        assert published.notes == []
    (run,) = scene.github.repository.check_runs
    assert len(run.annotations) == 137
    assert len(scene.github.repository.comments) == 1
    assert len(scene.github.repository.pulls) == 1
