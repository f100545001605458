"""The command line in workflows: events without secrets, and what each leaves on GitHub."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.fakes.github import TOKEN, FakeGitHub
from tests.fakes.github_repository import HEAD
from tests.fakes.github_routes import NAME
from tests.integration.command_line import MODULE_PATH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.command_line import CommandLine

OF = ("--module", MODULE_PATH)
NO_KEYS: dict[str, str | None] = {
    "OPENHANDS_SERVER_URL": None,
    "OPENHANDS_SESSION_API_KEY": None,
    "LLM_MODEL": None,
    "LLM_API_KEY": None,
}


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub() as fake:
        yield fake
        assert fake.violations == []


def make_event(folder: Path, name: str, *, origin: str = NAME, actor: str = "x") -> dict[str, str]:
    """Write an event's payload and return the environment of a step."""
    payload: dict[str, object] = {"sender": {"login": actor}}
    if name.startswith("pull_request"):
        payload["pull_request"] = {
            "number": 7,
            "head": {"ref": "feature", "sha": HEAD, "repo": {"full_name": origin}},
            "base": {"ref": "main", "sha": HEAD, "repo": {"full_name": NAME}},
        }
    (folder / "event.json").write_text(json.dumps(payload))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": NAME,
        "GITHUB_RUN_ID": "17",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_JOB": "tests",
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_SHA": HEAD,
        "GITHUB_REF": "refs/heads/feature",
        "GITHUB_ACTOR": actor,
    }


without_secrets = pytest.mark.parametrize(
    ("origin", "actor", "who"),
    [
        ("stranger/shop", "x", "pull requests from forks"),
        (NAME, "dependabot[bot]", "runs that Dependabot starts"),
    ],
)


@without_secrets
def test_submit(command_line: CommandLine, origin: str, actor: str, who: str) -> None:
    event = make_event(command_line.folder, "pull_request", origin=origin, actor=actor)
    answer = command_line.run("submit", *OF, **NO_KEYS, **event)
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert f"::notice::Nothing was submitted: {who} get no secrets" in answer.stderr
    assert "::error" not in answer.stderr
    assert answer.outputs["task-id"] == ""


@without_secrets
def test_submit_with_an_address_but_no_key(
    command_line: CommandLine, origin: str, actor: str, who: str
) -> None:
    event = make_event(command_line.folder, "pull_request", origin=origin, actor=actor)
    keys = {"OPENHANDS_SESSION_API_KEY": None, "LLM_API_KEY": None, "LLM_BASE_URL": "http://x"}
    answer = command_line.run("submit", *OF, **keys, **event)
    assert answer.exit_code == 0, answer
    assert f"::notice::Nothing was submitted: {who}" in answer.stderr


@without_secrets
def test_collect_and_publish(command_line: CommandLine, origin: str, actor: str, who: str) -> None:
    event = make_event(command_line.folder, "pull_request", origin=origin, actor=actor)
    answer = command_line.run("collect", **NO_KEYS, **event, INPUT_TASK_ID="")
    assert (answer.exit_code, answer.content) == (0, [])
    assert f"::notice::Nothing to collect: {who} get no secrets" in answer.stderr
    assert answer.outputs["success"] == "false"
    published = command_line.run("publish", **event, OPENHANDS_TESTGEN_RESULTS="")
    assert (published.exit_code, published.stdout) == (0, "")


@without_secrets
def test_generate(command_line: CommandLine, origin: str, actor: str, who: str) -> None:
    event = make_event(command_line.folder, "pull_request", origin=origin, actor=actor)
    answer = command_line.run("generate", *OF, **NO_KEYS, **event)
    assert answer.exit_code == 0
    assert who in answer.stderr
    assert answer.outputs["task-id"] == ""


@without_secrets
def test_a_wrong_module_is_still_an_error(
    command_line: CommandLine, origin: str, actor: str, who: str
) -> None:
    event = make_event(command_line.folder, "pull_request", origin=origin, actor=actor)
    answer = command_line.run("submit", "--module", "src/none.py", **event)
    assert answer.exit_code == 3
    assert who not in answer.stderr


@pytest.mark.parametrize("name", ["pull_request", "push", "schedule", "workflow_dispatch"])
def test_elsewhere_a_missing_key_is_an_error(command_line: CommandLine, name: str) -> None:
    event = make_event(command_line.folder, name)
    assert command_line.run("submit", *OF, **NO_KEYS, **event).exit_code == 2
    assert command_line.run("collect", **NO_KEYS, **event, INPUT_TASK_ID="").exit_code == 2


def test_a_fork_with_secrets_is_no_excuse(command_line: CommandLine) -> None:
    event = make_event(command_line.folder, "pull_request_target", origin="stranger/shop")
    assert command_line.run("submit", *OF, **NO_KEYS, **event).exit_code == 2


def test_from_submit_to_the_pull_request(command_line: CommandLine, github: FakeGitHub) -> None:
    event = make_event(command_line.folder, "pull_request")
    task_id = command_line.submit(**event)
    collected = command_line.run("collect", task_id, **event)
    assert collected.exit_code == 0, collected
    published = command_line.run(
        "publish",
        "--comment",
        "true",
        "--deliver",
        "commit",
        **event,
        GITHUB_TOKEN=TOKEN,
        GITHUB_API_URL=github.url,
    )
    assert published.exit_code == 0, published
    (run,) = github.repository.check_runs
    assert run.fields["conclusion"] == "success"
    assert run.fields["details_url"] == f"https://github.com/{NAME}/actions/runs/17"
    assert len(github.repository.comments) == 1
    written = (command_line.project / "tests/test_prices.py").read_bytes()
    assert github.repository.read_files("feature")["tests/test_prices.py"] == written
    assert not any(line.startswith("::") for line in published.stdout.splitlines())


def test_without_a_token_the_exit_code_is_the_same(command_line: CommandLine) -> None:
    event = make_event(command_line.folder, "push")
    command_line.run("collect", command_line.submit(**event), **event)
    published = command_line.run("publish", **event)
    assert published.exit_code == 0
    first, second, *_ = published.stdout.splitlines()
    assert first.startswith("::notice::No check run: there is no token; give `github-token`.")
    assert second.startswith("::notice file=tests/test_prices.py,")
