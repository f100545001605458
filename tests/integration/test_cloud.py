"""A user with nothing but a key of OpenHands Cloud: real commands in front of a fake service."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.domain.task_id import parse_task_id
from tests.fakes.cloud import KEY, FakeCloud
from tests.fakes.http import Fault
from tests.integration.command_line import MODULE, MODULE_PATH, OUTPUT_PATH, SOUND_TESTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.command_line import Answer, CommandLine

IDENTITY = ("-c", "user.name=n", "-c", "user.email=e@localhost", "-c", "commit.gpgsign=false")
REPOSITORY = "owner/shop"
UNREACHABLE = "http://127.0.0.1:9"
STARTS = "^/api/v1/app-conversations$"
JOB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_RUN_ID": "17",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_JOB": "submit",
}


@dataclass
class Desk:
    """Runs commands with the key alone, in a workflow that checked out a pushed commit."""

    command_line: CommandLine
    cloud: FakeCloud

    def __post_init__(self) -> None:
        """Commit the project."""
        for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
            self.git(*command)

    def git(self, *command: str) -> str:
        """Run git in the project."""
        project = self.command_line.project
        done = subprocess.run(
            ["git", *IDENTITY, *command], cwd=project, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def run(self, *arguments: str, **changes: str | None) -> Answer:
        """Run a command to its end."""
        environment: dict[str, str | None] = {
            "OPENHANDS_API_KEY": KEY,
            "OPENHANDS_CLOUD_URL": self.cloud.url,
            "OPENHANDS_SERVER_URL": None,
            "OPENHANDS_SESSION_API_KEY": None,
            "LLM_MODEL": None,
            "LLM_API_KEY": None,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SHA": self.git("rev-parse", "HEAD"),
            "GITHUB_REF": "refs/heads/main",
        }
        return self.command_line.run(*arguments, **environment | changes)

    def try_submit(self, *arguments: str, **changes: str | None) -> Answer:
        """Submit the module."""
        return self.run("submit", "--module", MODULE_PATH, *arguments, **changes)

    def submit(self, *arguments: str, **changes: str | None) -> str:
        """Submit the module and return its task id."""
        answer = self.try_submit(*arguments, **changes)
        assert answer.exit_code == 0, answer
        (task_id,) = answer.task_ids
        return task_id

    def collect(self, *task_ids: str, **changes: str | None) -> Answer:
        """Collect tasks, looking often."""
        return self.run("collect", *task_ids, "--poll-interval", "0.1", **changes)


@pytest.fixture
def desk(command_line: CommandLine) -> Iterator[Desk]:
    with FakeCloud(sandbox=command_line.server, hears_events=False) as cloud:
        cloud.clones[REPOSITORY] = {MODULE_PATH: MODULE}
        yield Desk(command_line, cloud)
    assert cloud.violations == []


def test_submit_status_and_collect(desk: Desk) -> None:
    submitted = desk.try_submit()
    assert submitted.exit_code == 0, submitted
    assert "backend: cloud (an OpenHands API key is set)" in submitted.stderr
    (task_id,) = submitted.task_ids
    page = f"{desk.cloud.url}/conversations/{parse_task_id(task_id).conversation_id}"
    assert submitted.outputs["conversation-url"] == page
    (body,) = desk.cloud.posted
    assert (body["selected_repository"], body["selected_branch"]) == (REPOSITORY, "main")
    status = desk.run("status", task_id)
    assert (status.exit_code, status.results[0]["status"]) == (0, "QUEUED")
    collected = desk.collect(task_id)
    assert collected.exit_code == 0, collected
    (result,) = collected.results
    assert (result["status"], result["verdict"], result["success"]) == (
        "COMPLETED",
        "accepted",
        True,
    )
    assert (desk.command_line.project / OUTPUT_PATH).read_bytes() == SOUND_TESTS
    assert collected.outputs["cost"] == ""


def test_the_blocking_way_with_changes_that_are_not_committed(desk: Desk) -> None:
    (desk.command_line.project / MODULE_PATH).write_bytes(MODULE + b"\n")
    answer = desk.run("generate", "--module", MODULE_PATH, "--poll-interval", "0.1")
    assert answer.exit_code == 0, answer
    assert "not pushed (or changes are not committed)" in answer.stderr
    assert desk.command_line.server.standing[MODULE_PATH] == MODULE + b"\n"
    assert "selected_repository" not in desk.cloud.posted[0]


def test_cancel(desk: Desk) -> None:
    desk.command_line.server.looks = 1_000
    task_id = desk.submit()
    assert desk.collect(task_id, OPENHANDS_TESTGEN_TIMEOUT="1").exit_code == 7
    cancelled = desk.run("cancel", task_id)
    assert cancelled.exit_code == 0, cancelled
    collected = desk.collect(task_id)
    assert (collected.exit_code, collected.outputs["conclusion"]) == (6, "cancelled")
    assert len(desk.command_line.server.interrupted) == 1


@pytest.mark.parametrize("command", ["submit", "collect", "status", "cancel"])
@pytest.mark.parametrize(
    ("changes", "exit_code", "message"),
    [
        ({"OPENHANDS_API_KEY": "planted-wrong-key"}, 4, "refuses the key (401). Set `cloud-api-k"),
        (
            {"OPENHANDS_API_KEY": None, "OPENHANDS_TESTGEN_BACKEND": "cloud"},
            4,
            "The key of OpenHands Cloud is missing: set `cloud-api-key` (OPENHANDS_API_KEY)",
        ),
        ({"OPENHANDS_CLOUD_URL": "host"}, 2, "cloud-url: 'host' is not an address such as"),
        ({"OPENHANDS_TESTGEN_CLOUD_AUTH": "x"}, 2, "cloud-auth: Input should be 'bearer' or 's"),
    ],
)
def test_a_wrong_key_or_address(
    desk: Desk, command: str, changes: dict[str, str | None], exit_code: int, message: str
) -> None:
    ids = () if command == "submit" else (desk.submit(),)
    arguments = ("--module", MODULE_PATH) if command == "submit" else ids
    answer = desk.run(command, *arguments, **changes)
    assert answer.exit_code == exit_code, answer
    assert message in answer.stderr + answer.stdout
    assert "planted-wrong-key" not in answer.stderr + answer.stdout


@pytest.mark.parametrize("command", ["submit", "collect", "status", "cancel"])
def test_nobody_there(desk: Desk, command: str) -> None:
    ids = () if command == "submit" else (desk.submit(),)
    arguments = ("--module", MODULE_PATH) if command == "submit" else ids
    limit = {"OPENHANDS_TESTGEN_TIMEOUT": "0.5"}
    answer = desk.run(command, *arguments, OPENHANDS_CLOUD_URL=UNREACHABLE, **limit)
    assert answer.exit_code == 5, answer


@pytest.mark.parametrize("command", ["collect", "status", "cancel"])
def test_a_task_that_the_service_does_not_know(desk: Desk, command: str) -> None:
    task_id = desk.submit()
    desk.cloud.starts.clear()
    answer = desk.run(command, task_id)
    assert answer.exit_code == 8, answer
    assert "OpenHands does not know this task" in answer.stderr + answer.stdout


def test_a_start_that_fails(desk: Desk) -> None:
    desk.cloud.start_error = "500: Sandbox failed to start within 120s"
    answer = desk.collect(desk.submit())
    assert answer.exit_code == 6, answer
    (result,) = answer.results
    assert (result["status"], result["conclusion"]) == ("FAILED", "agent_error")
    assert "Sandbox failed to start within 120s" in str(result["error"])


def test_a_clone_that_fails_in_silence(desk: Desk) -> None:
    desk.cloud.clones.clear()
    answer = desk.collect(desk.submit())
    assert answer.exit_code == 6, answer
    assert "could not clone owner/shop (branch main)" in answer.stdout


def test_a_rate_limit_is_waited_for(desk: Desk) -> None:
    wait = {"Retry-After": "1"}
    desk.cloud.faults.append(Fault(status=429, times=2, headers=wait))
    task_id = desk.submit()
    desk.cloud.faults.append(Fault(status=429, times=2, headers=wait))
    assert desk.collect(task_id).exit_code == 0
    assert len(desk.cloud.posted) == 1


def test_a_lost_answer_starts_one_conversation(desk: Desk) -> None:
    desk.cloud.faults.append(Fault(STARTS, kind="lost", times=1, method="POST"))
    task_id = desk.submit()
    assert len(desk.cloud.posted) == 1
    assert desk.collect(task_id).exit_code == 0
    assert desk.command_line.server.created == 1


def test_the_same_job_submits_once(desk: Desk) -> None:
    ids = [desk.submit(**JOB), desk.submit(**JOB)]
    assert len({parse_task_id(one).reference["s"] for one in ids}) == 1
    assert len(desk.cloud.posted) == 1
    desk.submit(**JOB | {"GITHUB_RUN_ATTEMPT": "2"})
    assert len(desk.cloud.posted) == 2


def test_an_agent_that_spends_too_much(desk: Desk) -> None:
    desk.command_line.server.looks = 1_000
    desk.cloud.cost = 0.75
    answer = desk.collect(desk.submit("--max-cost", "0.5"))
    assert answer.exit_code == 6, answer
    assert answer.outputs["conclusion"] == "over_budget"
    assert answer.outputs["cost"] == "0.7500"
    assert len(desk.command_line.server.interrupted) == 1


def test_keys_are_masked_and_kept_nowhere(desk: Desk) -> None:
    task_id = desk.submit(**JOB)
    answer = desk.collect(task_id, **JOB)
    assert answer.exit_code == 0, answer
    session_key = desk.command_line.server.key
    for key in (KEY, session_key):
        assert f"::add-mask::{key}" in answer.stderr
        shown = answer.stderr.replace(f"::add-mask::{key}", "") + answer.stdout + task_id
        assert key not in shown
        kept = [
            path
            for path in desk.command_line.folder.rglob("*")
            if path.is_file() and key.encode() in path.read_bytes()
        ]
        assert kept == []
