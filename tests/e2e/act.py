"""Real act in front of a user's repository; GitHub is a fake."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from openhands_testgen.backends.engine.server import find_free_port
from tests.fakes.github import TOKEN
from tests.fakes.github_repository import HEAD, FakeCommit
from tests.fakes.github_routes import NAME
from tests.machine import describe_machine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.github import FakeGitHub

ROOT = Path(__file__).parents[2]
ACTION = "owner/openhands-testgen@v0"
PATIENCE_SECONDS = 300
# What a user writes; a test may add steps to the second job.
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
      - id: collect
        uses: owner/openhands-testgen/collect@v0
        with:
          task-id: ${{ needs.submit.outputs.task-id }}
          poll-interval: 1
          comment: true
"""


@dataclass
class Seen:
    """What act told of a run."""

    exit_code: int
    log: str
    jobs: dict[str, str] = field(default_factory=dict)
    remarks: list[tuple[str, str]] = field(default_factory=list)
    summaries: set[str] = field(default_factory=set)


@dataclass
class Checkout:
    """A user's repository, whose workflow uses the actions of this project.

    ``secrets`` are what the workflow's steps find in their environment, unless a run withholds
    them.
    """

    folder: Path
    github: FakeGitHub
    secrets: Mapping[str, str]
    sha: str = ""

    @property
    def project(self) -> Path:
        """The repository."""
        return self.folder / "shop"

    def commit(self, files: Mapping[str, bytes]) -> None:
        """Make the repository's first commit, which the fake GitHub knows from then on."""
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
        self,
        event: str,
        *,
        origin: str = NAME,
        actor: str = "somebody",
        keys: bool = True,
        attempt: int = 1,
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
            [
                Path(sys.executable).with_name("act"),
                *self._list_flags(event, actor, scratch),
                *("--env", f"GITHUB_RUN_ATTEMPT={attempt}"),
            ],
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
        machine = describe_machine()
        path = f"{Path(sys.executable).parent}{os.pathsep}{machine['PATH']}"
        return {**machine, "PATH": path, **(self.secrets if keys else {})}


def read_log(exit_code: int, log: str) -> Seen:
    """Read act's structured log: how the jobs ended, what was remarked, and the summaries.

    A composite action's summary stands there twice: for its own step, and for the step in it.
    """
    seen = Seen(exit_code, log)
    for line in log.splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        if "jobResult" in event:
            seen.jobs[event["jobID"]] = event["jobResult"]
        if event.get("command") in {"notice", "warning", "error"}:
            seen.remarks.append((event["command"], event.get("arg", event["msg"])))
        if event.get("command") == "summary":
            seen.summaries.add(event["content"])
    return seen
