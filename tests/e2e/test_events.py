"""The actions under real act, from submit to what reviewers see; GitHub and agent are fakes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.act import WORKFLOW, Checkout
from tests.fakes.agent_server import KEY, FakeAgentServer
from tests.fakes.github import FakeGitHub
from tests.fakes.github_repository import HEAD
from tests.fakes.github_routes import NAME
from tests.integration.command_line import MODULE, MODULE_PATH, OUTPUT_PATH, SOUND_TESTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Lines 8 to 11 and 15 of the module are reached by no test, and the coverage is too low.
UNTESTED = b"""\


def get_rest(total: int, paid: int) -> int:
    if paid > total:
        print("paid too much")
        return 0
    return total - paid


def get_sign(total: int) -> str:
    return "-" if total < 0 else "+"
"""
TESTS = (
    SOUND_TESTS
    + b"""

def test_a_wrong_total():
    assert get_total(1, 1) == 3
"""
)
WRONG_TEST = f"{OUTPUT_PATH}::test_a_wrong_total"
WRONG_TEST_LINE = TESTS[: TESTS.index(b"def test_a_wrong_total")].count(b"\n") + 1
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="act runs jobs on this host"),
]


@pytest.fixture
def server() -> Iterator[FakeAgentServer]:
    with FakeAgentServer(output=TESTS, looks=1) as server:
        yield server


@pytest.fixture
def checkout(tmp_path: Path, server: FakeAgentServer) -> Iterator[Checkout]:
    with FakeGitHub() as github:
        settings = {
            "OPENHANDS_SERVER_URL": server.url,
            "OPENHANDS_SESSION_API_KEY": KEY,
            "LLM_MODEL": "anthropic/none",
            "LLM_API_KEY": "planted-model-key",
            "OPENHANDS_TESTGEN_MUTANTS": "0",
            "OPENHANDS_TESTGEN_RERUNS": "0",
        }
        made = Checkout(tmp_path, github, settings)
        made.commit(
            {
                "src/shop/__init__.py": b"",
                MODULE_PATH: MODULE + UNTESTED,
                ".github/workflows/tests.yml": WORKFLOW.encode(),
            }
        )
        yield made
        assert github.violations == []


@pytest.fixture
def expected() -> list[tuple[object, ...]]:
    """Return the annotations of a run: path, first and last line, level, title."""
    return [
        (MODULE_PATH, 1, 1, "failure", f"Generated tests for {MODULE_PATH}: rejected"),
        (OUTPUT_PATH, 1, 1, "failure", "Generated tests: coverage"),
        (OUTPUT_PATH, WRONG_TEST_LINE, WRONG_TEST_LINE, "failure", f"{WRONG_TEST} failed"),
        (MODULE_PATH, 8, 11, "notice", "Not covered"),
        (MODULE_PATH, 15, 15, "notice", "Not covered"),
    ]


def list_annotations(github: FakeGitHub, sha: str) -> list[tuple[object, ...]]:
    (run,) = github.repository.check_runs
    assert run.head_sha == sha
    assert run.fields["conclusion"] == "failure"
    names = ("path", "start_line", "end_line", "annotation_level", "title")
    return [tuple(one[name] for name in names) for one in run.annotations]


def test_a_pull_request_twice(
    checkout: Checkout, server: FakeAgentServer, expected: list[tuple[object, ...]]
) -> None:
    for _ in range(2):
        seen = checkout.run("pull_request")
        assert seen.jobs == {"submit": "success", "collect": "failure"}
        assert "exit status 10" in seen.log
        assert seen.remarks == []
        assert list_annotations(checkout.github, HEAD) == expected
        (comment,) = checkout.github.repository.comments
        assert "### Generated tests: 1 rejected" in comment.body
    assert server.created == 1


@pytest.mark.parametrize("event", ["push", "workflow_dispatch"])
def test_without_a_pull_request(
    checkout: Checkout, event: str, expected: list[tuple[object, ...]]
) -> None:
    seen = checkout.run(event)
    assert seen.jobs == {"submit": "success", "collect": "failure"}
    assert seen.remarks == []
    assert list_annotations(checkout.github, checkout.sha) == expected
    assert checkout.github.repository.comments == []


@pytest.mark.parametrize(
    ("origin", "actor", "who"),
    [
        ("stranger/shop", "somebody", "pull requests from forks"),
        (NAME, "dependabot[bot]", "runs that Dependabot starts"),
    ],
)
def test_without_secrets(
    checkout: Checkout, server: FakeAgentServer, origin: str, actor: str, who: str
) -> None:
    seen = checkout.run("pull_request", origin=origin, actor=actor, keys=False)
    assert seen.exit_code == 0
    assert seen.jobs == {"submit": "success", "collect": "success"}
    assert seen.remarks == [
        ("notice", f"Nothing was submitted: {who} get no secrets, and so no key to work with."),
        ("notice", f"Nothing to collect: {who} get no secrets, and submit started no task."),
    ]
    assert checkout.github.requests == []
    assert server.created == 0


def test_without_the_permission(checkout: Checkout, expected: list[tuple[object, ...]]) -> None:
    checkout.github.permissions = frozenset()
    seen = checkout.run("pull_request")
    assert seen.jobs == {"submit": "success", "collect": "failure"}
    assert "exit status 10" in seen.log
    (level, sentence), *commands = seen.remarks
    assert level == "warning"
    assert sentence == (
        "No check run and no comment: the token lacks the permission `checks: write` and "
        "`pull-requests: write`. The annotations stand in this log and in the job summary."
    )
    assert len(commands) == len(expected)
    assert [level for level, _ in commands] == ["error", "error", "error", "notice", "notice"]
