"""The actions under real act, from submit to what reviewers see; GitHub and agent are fakes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.backends.engine.server import find_free_port
from tests.fakes.agent_server import KEY, FakeAgentServer
from tests.fakes.github import TOKEN, FakeGitHub
from tests.fakes.github_repository import HEAD, FakeCommit
from tests.fakes.github_routes import NAME
from tests.integration.command_line import MODULE, MODULE_PATH, OUTPUT_PATH, SOUND_TESTS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
ACTION = "owner/openhands-testgen@v0"
PATIENCE_SECONDS = 300
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
WORKFLOW = """\
name: Tests
on: [pull_request, push, workflow_dispatch, schedule]
permissions: {}
jobs:
  submit:
    runs-on: ubuntu-latest
    outputs:
      task-id: ${{ steps.submit.outputs.task-id }}
    steps:
      - uses: actions/checkout@v4
      - id: submit
        uses: owner/openhands-testgen/submit@v0
        with: { module: src/shop/prices.py, output: tests/test_prices.py }
  collect:
    needs: submit
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: owner/openhands-testgen/collect@v0
        with:
          task-id: ${{ needs.submit.outputs.task-id }}
          poll-interval: 1
          comment: true
"""
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="act runs jobs on this host"),
]


@dataclass
class Seen:
    """What act told of a run."""

    exit_code: int
    log: str
    jobs: dict[str, str] = field(default_factory=dict)
    remarks: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Stage:
    """A user's repository with a workflow, a fake agent server and a fake GitHub."""

    folder: Path
    server: FakeAgentServer
    github: FakeGitHub
    sha: str = ""

    @property
    def project(self) -> Path:
        """The repository."""
        return self.folder / "shop"

    def make_project(self) -> None:
        files = {
            "src/shop/__init__.py": b"",
            MODULE_PATH: MODULE + UNTESTED,
            ".github/workflows/tests.yml": WORKFLOW.encode(),
        }
        for name, content in files.items():
            path = self.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        identity = ["-c", "user.name=octo", "-c", "user.email=octo@example.invalid"]
        for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
            subprocess.run(["git", *identity, *command], cwd=self.project, check=True)
        shown = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=self.project, check=True, capture_output=True
        )
        self.sha = shown.stdout.decode().strip()
        start = self.github.repository.commits[HEAD]
        self.github.repository.commits[self.sha] = FakeCommit(start.tree, "x")

    def run(
        self, event: str, *, origin: str = NAME, actor: str = "somebody", keys: bool = True
    ) -> Seen:
        """Run the workflow for an event; without ``keys`` the secrets are withheld."""
        payload: dict[str, object] = {"sender": {"login": actor}}
        if event == "pull_request":
            payload["pull_request"] = {
                "number": 7,
                "head": {"ref": "feature", "sha": HEAD, "repo": {"full_name": origin}},
                "base": {"ref": "main", "sha": HEAD, "repo": {"full_name": NAME}},
            }
        (self.folder / "event.json").write_text(json.dumps(payload))
        scratch = self.folder / "scratch"
        done = subprocess.run(
            [Path(sys.executable).with_name("act"), *self._list_flags(event, actor, scratch)],
            cwd=self.project,
            env=self._build_environment(keys=keys),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        shutil.rmtree(scratch, ignore_errors=True)
        return read_log(done.returncode, done.stdout)

    def _list_flags(self, event: str, actor: str, scratch: Path) -> list[str]:
        flags = [event, "--json", "-e", str(self.folder / "event.json"), "--actor", actor]
        flags += ["-P", "ubuntu-latest=-self-hosted", "--container-daemon-socket", "-"]
        flags += ["--action-offline-mode", "--pull=false"]
        flags += ["--action-cache-path", str(scratch / "actions")]
        for server in ("cache", "artifact"):
            flags += [f"--{server}-server-addr", "127.0.0.1"]
            flags += [f"--{server}-server-path", str(scratch / server)]
        # Its own port is a fixed one, and another act may run on this machine.
        flags += ["--artifact-server-port", str(find_free_port())]
        flags += ["--local-repository", f"{ACTION}={ROOT}"]
        flags += ["--env", f"GITHUB_API_URL={self.github.url}"]
        flags += ["--env", f"GITHUB_REPOSITORY={NAME}", "-s", f"GITHUB_TOKEN={TOKEN}"]
        return flags

    def _build_environment(self, *, keys: bool) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
        secrets = {
            "OPENHANDS_SERVER_URL": self.server.url,
            "OPENHANDS_SESSION_API_KEY": KEY,
            "LLM_MODEL": "anthropic/none",
            "LLM_API_KEY": "planted-model-key",
        }
        return {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}",
            "OPENHANDS_TESTGEN_MUTANTS": "0",
            "OPENHANDS_TESTGEN_RERUNS": "0",
            **(secrets if keys else {}),
        }


def read_log(exit_code: int, log: str) -> Seen:
    """Read act's structured log: how the jobs ended, and all notices, warnings and errors."""
    seen = Seen(exit_code, log)
    for line in log.splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        if "jobResult" in event:
            seen.jobs[event["jobID"]] = event["jobResult"]
        if event.get("command") in {"notice", "warning", "error"}:
            seen.remarks.append((event["command"], event.get("arg", event["msg"])))
    return seen


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with FakeAgentServer(output=TESTS, looks=1) as server, FakeGitHub() as github:
        made = Stage(tmp_path, server, github)
        made.make_project()
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


def test_a_pull_request_twice(stage: Stage, expected: list[tuple[object, ...]]) -> None:
    for _ in range(2):
        seen = stage.run("pull_request")
        assert seen.jobs == {"submit": "success", "collect": "failure"}
        assert "exit status 10" in seen.log
        assert seen.remarks == []
        assert list_annotations(stage.github, HEAD) == expected
        (comment,) = stage.github.repository.comments
        assert "### Generated tests: 1 rejected" in comment.body
    assert stage.server.created == 1


@pytest.mark.parametrize("event", ["push", "workflow_dispatch"])
def test_without_a_pull_request(
    stage: Stage, event: str, expected: list[tuple[object, ...]]
) -> None:
    seen = stage.run(event)
    assert seen.jobs == {"submit": "success", "collect": "failure"}
    assert seen.remarks == []
    assert list_annotations(stage.github, stage.sha) == expected
    assert stage.github.repository.comments == []


@pytest.mark.parametrize(
    ("origin", "actor", "who"),
    [
        ("stranger/shop", "somebody", "pull requests from forks"),
        (NAME, "dependabot[bot]", "runs that Dependabot starts"),
    ],
)
def test_without_secrets(stage: Stage, origin: str, actor: str, who: str) -> None:
    seen = stage.run("pull_request", origin=origin, actor=actor, keys=False)
    assert seen.exit_code == 0
    assert seen.jobs == {"submit": "success", "collect": "success"}
    assert seen.remarks == [
        ("notice", f"Nothing was submitted: {who} get no secrets, and so no key to work with."),
        ("notice", f"Nothing to collect: {who} get no secrets, and submit started no task."),
    ]
    assert stage.github.requests == []
    assert stage.server.created == 0


def test_without_the_permission(stage: Stage, expected: list[tuple[object, ...]]) -> None:
    stage.github.permissions = frozenset()
    seen = stage.run("pull_request")
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
