"""Events: whose commit, which branch, and whether there are secrets."""

from __future__ import annotations

import json

import pytest

from openhands_testgen.reporting.github.event import Event, Surroundings, parse_event

HEAD, MERGE = "a" * 40, "c" * 40


def make_payload(**changes: object) -> bytes:
    pull = {
        "number": 7,
        "head": {"ref": "feature", "sha": HEAD, "repo": {"full_name": "octo/shop"}},
        "base": {"ref": "main", "sha": MERGE, "repo": {"full_name": "octo/shop"}},
        **changes,
    }
    return json.dumps({"pull_request": pull, "sender": {"login": "somebody"}}).encode()


def make_around(name: str, ref: str = "refs/pull/7/merge", actor: str = "somebody") -> Surroundings:
    return Surroundings(name, "octo/shop", MERGE, ref, actor)


FORK = {"ref": "main", "sha": HEAD, "repo": {"full_name": "stranger/shop"}}
GONE = {"ref": "main", "sha": HEAD, "repo": None}


@pytest.mark.parametrize(
    ("around", "payload", "event"),
    [
        (
            make_around("pull_request"),
            make_payload(),
            Event("pull_request", HEAD, "feature", 7),
        ),
        (
            make_around("pull_request"),
            make_payload(head=FORK),
            Event("pull_request", HEAD, "", 7, is_fork=True),
        ),
        (
            make_around("pull_request"),
            make_payload(head=GONE),
            Event("pull_request", HEAD, "", 7, is_fork=True),
        ),
        (
            make_around("pull_request", actor="dependabot[bot]"),
            make_payload(),
            Event("pull_request", HEAD, "feature", 7, is_dependabot=True),
        ),
        (
            make_around("push", "refs/heads/main"),
            json.dumps({"sender": {"login": "dependabot[bot]"}}).encode(),
            Event("push", MERGE, "main", is_dependabot=True),
        ),
        (make_around("push", "refs/heads/a/b"), b"{}", Event("push", MERGE, "a/b")),
        (make_around("push", "refs/tags/v1"), b"{}", Event("push", MERGE)),
        (make_around("schedule", "refs/heads/main"), b"", Event("schedule", MERGE, "main")),
        (
            make_around("workflow_dispatch", "refs/heads/main"),
            b'{"inputs": null}',
            Event("workflow_dispatch", MERGE, "main"),
        ),
        (
            make_around("workflow_run", "refs/heads/main"),
            json.dumps({"workflow_run": {"head_sha": HEAD}}).encode(),
            Event("workflow_run", HEAD),
        ),
        (make_around("pull_request"), b"", Event("pull_request")),
        (make_around("pull_request"), b"\xff{", Event("pull_request")),
        (make_around("pull_request"), make_payload(number="x"), Event("pull_request")),
        (
            make_around("pull_request"),
            make_payload(head={"ref": "x", "sha": "../../x", "repo": {"full_name": "octo/shop"}}),
            Event("pull_request", "", "x", 7),
        ),
        (Surroundings(), b"", Event("")),
    ],
)
def test_event(around: Surroundings, payload: bytes, event: Event) -> None:
    assert parse_event(around, payload) == event


@pytest.mark.parametrize(
    ("event", "origin"),
    [
        (Event("pull_request"), ""),
        (Event("pull_request", is_fork=True), "pull requests from forks"),
        (Event("pull_request_target", is_fork=True), ""),
        (Event("pull_request", is_dependabot=True), "runs that Dependabot starts"),
        (Event("push", is_dependabot=True), "runs that Dependabot starts"),
        (Event("push"), ""),
    ],
)
def test_who_gets_no_secrets(event: Event, origin: str) -> None:
    assert event.origin == origin
    assert event.has_secrets is not bool(origin)


def test_the_case_of_a_repository_makes_no_fork() -> None:
    around = Surroundings("pull_request", "Octo/Shop", MERGE)
    assert not parse_event(around, make_payload()).is_fork
