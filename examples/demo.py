"""Runs the example's workflow on this machine: an agent writes tests while other jobs go on.

The very file `workflow.yml` runs under act, with the embedded engine. The model is `offline`, which
needs no key, unless LLM_MODEL and LLM_API_KEY name another. Ends with 0 if the tests were accepted
and refactor and deploy had finished while the agent still worked.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from timeline import Bar, render_timeline

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).resolve().parent
HOME = EXAMPLES.parent
RESULTS = HOME / "demo-results"
ACTION = "OWNER/openhands-testgen@v0"
WAIT_SECONDS = 20
WAIT = "Waiting for"
MEANWHILE = ("refactor", "deploy")


class Event(TypedDict, total=False):
    """One line of act's JSON log, as far as it matters here."""

    jobID: str
    msg: str
    jobResult: str
    raw_output: bool
    command: str
    arg: str
    level: str
    step: str


class Result(TypedDict):
    """What matters here of a task's result.json."""

    verdict: str | None
    conclusion: str | None
    error: str | None
    coverage: float | None
    created_at: str
    started_at: str | None
    completed_at: str | None
    output_path: str
    files: list[str]
    results_dir: str


@dataclass
class Run:
    """The jobs of the workflow as act tells of them; times are seconds since 1970."""

    started: float = field(default_factory=time.time)
    starts: dict[str, float] = field(default_factory=dict)
    ends: dict[str, float] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    folded: set[str] = field(default_factory=set)

    def take(self, event: Event) -> None:
        """Take one event and show what a waiting person wants to see."""
        job = event.get("jobID", "")
        if not job:
            return
        if job not in self.starts:
            self.starts[job] = time.time()
            self.say(f"{job}: started")
        self._follow_folds(job, event)
        is_said = event.get("raw_output") or event.get("command") in {"error", "warning", "notice"}
        is_said = is_said or event.get("level") == "error"
        if is_said and job not in self.folded:
            self.say(f"{job} | {event.get('msg', '').strip()}")
        if "jobResult" in event:
            self.ends[job] = time.time()
            self.results[job] = event["jobResult"]
            took = self.ends[job] - self.starts[job]
            self.say(f"{job}: {event['jobResult']} after {took:.1f} s")

    def _follow_folds(self, job: str, event: Event) -> None:
        """Keep out of sight what a step folds in its log, all but the wait."""
        command = event.get("command")
        if command == "group" and not event.get("arg", "").startswith(WAIT):
            self.folded.add(job)
        elif command == "endgroup":
            self.folded.discard(job)

    def say(self, line: str) -> None:
        """Print a line with the seconds since the start."""
        if line.strip():
            print(f"{time.time() - self.started:6.1f}s  {line}", flush=True)

    def list_bars(self, agent: tuple[float, float] | None) -> list[Bar]:
        """List the jobs in the order in which they started, the agent after submit."""
        bars: list[Bar] = []
        for job, start in sorted(self.starts.items(), key=lambda pair: pair[1]):
            end = self.ends.get(job, start)
            bars.append(Bar(job, start - self.started, end - self.started))
            if job == "submit" and agent:
                bars.append(Bar("agent", agent[0] - self.started, agent[1] - self.started, "▒"))
        return bars


def main() -> int:
    """Run the demo and return its exit code."""
    with tempfile.TemporaryDirectory(prefix="testgen-demo-") as scratch, _engine(Path(scratch)):
        shutil.rmtree(RESULTS, ignore_errors=True)
        project = make_project(Path(scratch) / "shop")
        print(f"An agent writes tests for {project.name}/src/shop/prices.py meanwhile.\n")
        run, code = run_workflow(project, Path(scratch))
    result = find_result()
    print("\n" + render_timeline(run.list_bars(_span(result) if result else None)) + "\n")
    if result is None:
        print(f"There is no result; act ended with {code}.", file=sys.stderr)
        return 1
    return report(run, result) or code


def make_project(folder: Path) -> Path:
    """Copy the example project with its workflow and commit it, as a user's repository."""
    ignore = shutil.ignore_patterns("__pycache__", ".pytest_cache", "dist")
    shutil.copytree(EXAMPLES / "shop", folder, ignore=ignore)
    workflows = folder / ".github" / "workflows"
    workflows.mkdir(parents=True)
    shutil.copy(EXAMPLES / "workflow.yml", workflows / "tests.yml")
    identity = ["-c", "user.name=demo", "-c", "user.email=demo@example.invalid"]
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "shop"]):
        subprocess.run(["git", *identity, *command], cwd=folder, check=True)
    return folder


def run_workflow(project: Path, scratch: Path) -> tuple[Run, int]:
    """Run the workflow with act and follow it."""
    run = Run()
    with subprocess.Popen(
        [Path(sys.executable).with_name("act"), *list_flags(scratch)],
        cwd=project,
        env=build_environment(scratch),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as act:
        for line in act.stdout or ():
            run.take(_parse_event(line))
        return run, act.wait()


def list_flags(scratch: Path) -> list[str]:
    """List act's flags: on this host, on loopback, without fetching anything."""
    flags = ["pull_request", "-W", ".github/workflows/tests.yml", "--json"]
    flags += ["-P", "ubuntu-latest=-self-hosted", "--container-daemon-socket", "-"]
    flags += ["--action-offline-mode", "--pull=false"]
    flags += ["--action-cache-path", str(scratch / "actions")]
    for server in ("cache", "artifact"):
        flags += [f"--{server}-server-addr", "127.0.0.1"]
        flags += [f"--{server}-server-path", str(scratch / server)]
    flags += ["--artifact-server-port", str(find_free_port())]
    flags += ["--local-repository", f"{ACTION}={HOME}"]
    flags += ["--var", f"LLM_MODEL={os.environ.get('LLM_MODEL') or 'offline'}"]
    # Named without a value, so that act takes it from the environment and `ps` does not show it.
    return [*flags, "-s", "LLM_API_KEY"] if os.environ.get("LLM_API_KEY") else flags


def find_free_port() -> int:
    """Return a port that nobody uses: act's own one is taken where another act runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def build_environment(scratch: Path) -> dict[str, str]:
    """Build act's environment, which its steps inherit."""
    own = {
        "OPENHANDS_TESTGEN_BACKEND": "embedded",
        "OPENHANDS_TESTGEN_STATE_DIR": str(scratch / "state"),
        "OPENHANDS_TESTGEN_RESULTS": str(RESULTS),
        "OPENHANDS_TESTGEN_POLL_INTERVAL": "1",
        # The project's interpreter: one that has pytest.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    return {**os.environ, **own}


def find_result() -> Result | None:
    """Find the one task's result."""
    for file in RESULTS.glob("*/result.json"):
        result: Result = json.loads(file.read_text(encoding="utf-8"))
        return result
    return None


def report(run: Run, result: Result) -> int:
    """Print the verdict, what ran meanwhile and where things are; 0 if all is as it should be."""
    agent_end = _span(result)[1]
    late = [job for job in MEANWHILE if run.ends.get(job, agent_end) >= agent_end]
    print(f"Finished while the agent still worked: {_name(set(MEANWHILE) - set(late))}.")
    coverage = "unknown" if result["coverage"] is None else f"{result['coverage']:.1f}%"
    print(f"Verdict:   {result['verdict'] or result['conclusion']} (coverage {coverage})")
    if result["error"]:
        print(f"Error:     {result['error']}")
    for path in result["files"]:
        print(
            f"Tests:     {Path(result['results_dir']) / 'agent' / result['output_path']} ({path})"
        )
    print(f"Results:   {result['results_dir']}")
    if late:
        print(f"{_name(set(late))} did not finish before the agent.", file=sys.stderr)
    return int(bool(late) or result["verdict"] != "accepted")


@contextlib.contextmanager
def _engine(scratch: Path) -> Iterator[None]:
    """Have the engine that the workflow starts leave at the end, however the demo ends."""
    try:
        yield
    finally:
        file = scratch / "state" / "engine.json"
        if file.is_file():
            _stop(int(json.loads(file.read_text(encoding="utf-8"))["pid"]))


def _stop(pid: int) -> None:
    """Ask the engine to leave and wait: it takes its server and their children with it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.1)
        print(f"The engine (process {pid}) did not leave in time.", file=sys.stderr)


def _parse_event(line: str) -> Event:
    try:
        event: Event = json.loads(line)
    except ValueError:
        return {}
    return event


def _span(result: Result) -> tuple[float, float]:
    """Return when the agent began, at submit at the earliest, and when it ended."""
    begin = result["started_at"] or result["created_at"]
    return _seconds(begin), _seconds(result["completed_at"] or begin)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _name(jobs: set[str]) -> str:
    return " and ".join(job for job in MEANWHILE if job in jobs) or "nothing"


if __name__ == "__main__":
    # act leaves on SIGINT by itself; SIGTERM ends the demo the same way, so that nothing stays.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
