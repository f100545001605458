"""What a workflow gains: five modules written meanwhile, beside five written one after the other.

Both workflows run under act with the actions of this checkout: test 30 s, five modules of 60 s
each, refactor 30 s, deploy 30 s. The blocking one needs 390 s; the critical path of ours is test,
then the agent's 60 s. Jobs sleep, and the model follows a script: it takes its time, so that an
agent's work is 60 s from its first request to its last answer. All else is real: the agent server,
the agents, submit, wait, verdict, outputs between jobs.

The runner's environment is there before, as on a machine that ran us once: what a first run costs
is measured by ``benchmarks.submit``. The agent server has worked before, as one has that runs by
itself: a short workflow that does not count comes first, so that none of the two meets a cold one.
The actions are what GitHub would download of this commit.

Run it with ``make bench``; ``SCALE`` (default 0.1) shortens all lengths, 1 is the full length.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.tables import print_table, write_json
from openhands_testgen.backends.engine.server import find_free_port
from openhands_testgen.offline.chat import ChatRequest, Reply
from tests.fakes.model import KEY, NAME, FakeModel, count_turns, finish, write
from tests.servers import RealServer, find_engine_python

if TYPE_CHECKING:
    from openhands_testgen.offline.model import Answer

ROOT = Path(__file__).parents[1]
MODULES = 5
WARM_UP_SCALE = 0.03
TEST_SECONDS, MODULE_SECONDS, REFACTOR_SECONDS, DEPLOY_SECONDS = 30.0, 60.0, 30.0, 30.0
SAVED_SHARE_AT_LEAST = 0.75
OVERHEAD_SHARE_AT_MOST = 0.05
ACTION = "owner/openhands-testgen@v0"
TESTS = """\
import pytest

from shop import {name} as prices


@pytest.mark.parametrize(
    ("text", "cents"),
    [("12.50", 1250), ("1,200.00", 120_000), ("7 EUR", 700), ("-3", -300), ("$0.5", 50)],
)
def test_parse_amount(text, cents):
    assert prices.parse_amount(text) == cents


@pytest.mark.parametrize("text", ["", "abc", "1.234", "1.x"])
def test_parse_amount_refuses(text):
    with pytest.raises(ValueError, match="amount|decimals"):
        prices.parse_amount(text)


@pytest.mark.parametrize(
    ("cents", "currency", "text"),
    [(1250, "EUR", "€12.50"), (-5, "USD", "-$0.05"), (123_456_789, "GBP", "£1,234,567.89")],
)
def test_format_amount(cents, currency, text):
    assert prices.format_amount(cents, currency) == text


def test_format_amount_refuses_unknown_currencies():
    with pytest.raises(ValueError, match="unknown currency: XXX"):
        prices.format_amount(1, "XXX")


@pytest.mark.parametrize(
    ("subtotal", "code", "is_member", "discount"),
    [
        (0, "TENOFF", True, 0),
        (3_000, "WELCOME", False, 500),
        (2_999, "WELCOME", False, 0),
        (1_990, "TENOFF", False, 199),
        (20_000, "BULK", False, 3_000),
        (19_999, "BULK", False, 0),
        (20_000, "", True, 1_000),
    ],
)
def test_discount(subtotal, code, is_member, discount):
    assert prices.get_discount(subtotal, code, is_member) == discount


@pytest.mark.parametrize(
    ("grams", "country", "express", "cents"),
    [
        (0, "DE", False, 0),
        (2_000, "DE", False, 399),
        (2_001, "DE", True, 1_589),
        (10, "FR", False, 899),
        (3_500, "US", False, 2_099),
    ],
)
def test_shipping(grams, country, express, cents):
    assert prices.get_shipping(grams, country, express) == cents


def test_shipping_refuses_what_is_too_heavy():
    assert prices.get_shipping(31_500) == 599
    with pytest.raises(ValueError, match="31500 grams at most"):
        prices.get_shipping(31_501)


@pytest.mark.parametrize(
    ("cents", "country", "reduced", "total"),
    [(1_000, "DE", False, 1_190), (1_000, "DE", True, 1_070), (50, "FR", True, 53)],
)
def test_tax(cents, country, reduced, total):
    assert prices.add_tax(cents, country, reduced) == total


def test_tax_refuses_unknown_countries():
    with pytest.raises(ValueError, match="no tax is known for XX"):
        prices.add_tax(1, "XX")


def test_split():
    assert prices.split_evenly(10, 3) == [4, 3, 3]
    with pytest.raises(ValueError, match="at least one person"):
        prices.split_evenly(10, 0)


@pytest.mark.parametrize(
    ("subtotal", "grams", "code", "total"),
    [(5_000, 900, "", 5_950), (4_999, 900, "", 6_424), (6_000, 0, "TENOFF", 6_426)],
)
def test_total(subtotal, grams, code, total):
    assert prices.get_total(subtotal, grams, code) == total
"""
JOB = """\
  {name}:
    {needs}
    runs-on: ubuntu-latest
    steps: [{{ run: sleep {seconds} }}]
"""
OURS = """\
  submit:
    needs: test
    runs-on: ubuntu-latest
    outputs:
      task-id: ${{{{ steps.submit.outputs.task-id }}}}
    steps:
      - uses: actions/checkout@v4
      - id: submit
        uses: owner/openhands-testgen/submit@v0
        with: {{ module: {modules} }}
  collect:
    needs: [submit, refactor, deploy]
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: owner/openhands-testgen/collect@v0
        with:
          task-id: ${{{{ needs.submit.outputs.task-id }}}}
          poll-interval: 1
"""
BLOCKING = """\
  {name}:
    needs: {needs}
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: owner/openhands-testgen@v0
        with: {{ module: {module}, poll-interval: 1 }}
"""


@dataclass
class Run:
    """One run of a workflow; all in seconds. ``verdict`` spans the first and the last judgement."""

    wall_seconds: float
    verdict_seconds: float
    jobs: dict[str, str] = field(default_factory=dict)


class SlowModel(FakeModel):
    """Writes the tests of whatever module it is asked for, in half of the time, then finishes."""

    def __init__(self, work_seconds: float) -> None:
        """Take the seconds from a conversation's first request to its last answer."""
        super().__init__(finish())
        self._work_seconds = work_seconds
        self._begun: dict[str, float] = {}

    def begin_anew(self, work_seconds: float) -> None:
        """Forget all conversations."""
        self._work_seconds = work_seconds
        self._begun.clear()

    def answer(self, body: bytes) -> Answer:
        """Answer when it is time."""
        turn = min(count_turns(ChatRequest.model_validate_json(body)), 1)
        begun = self._begun.setdefault(find_module(body), time.monotonic())
        time.sleep(max(0.0, begun + (turn + 1) * self._work_seconds / 2 - time.monotonic()))
        return super().answer(body)

    def _find(self, request: ChatRequest) -> Reply:
        if count_turns(request):
            return finish()
        name = find_module(request.model_dump_json().encode())
        return write(f"tests/test_{name}.py", TESTS.format(name=name).encode())


def find_module(body: bytes) -> str:
    """Find which module a conversation is about; the prompt names its test file first."""
    match = re.search(rb"tests/test_(prices_\d)\.py", body)
    return match.group(1).decode() if match else ""


def make_project(folder: Path) -> list[str]:
    """Make a project with five modules and return their paths."""
    shutil.copytree(ROOT / "examples" / "shop", folder)
    source = (folder / "src/shop/prices.py").read_text(encoding="utf-8")
    names = [f"prices_{number}" for number in range(MODULES)]
    for name in names:
        (folder / f"src/shop/{name}.py").write_text(source, encoding="utf-8")
    for command in (["init", "-q", "-b", "main"], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.invalid"]
    subprocess.run(["git", *identity, "commit", "-q", "-m", "shop"], cwd=folder, check=True)
    return [f"src/shop/{name}.py" for name in names]


def render_ours(modules: list[str], scale: float) -> str:
    """Render the workflow that goes on while the agents write."""
    return _render(
        JOB.format(name="test", needs="", seconds=TEST_SECONDS * scale),
        JOB.format(name="refactor", needs="needs: submit", seconds=REFACTOR_SECONDS * scale),
        JOB.format(name="deploy", needs="needs: submit", seconds=DEPLOY_SECONDS * scale),
        OURS.format(modules=json.dumps("\n".join(modules))),
    )


def render_blocking(modules: list[str], scale: float) -> str:
    """Render the workflow that waits for one module after the other."""
    names = [f"module-{number}" for number in range(len(modules))]
    before = ["test", *names]
    return _render(
        JOB.format(name="test", needs="", seconds=TEST_SECONDS * scale),
        *(
            BLOCKING.format(name=name, needs=needs, module=module)
            for name, needs, module in zip(names, before, modules, strict=False)
        ),
        JOB.format(name="refactor", needs=f"needs: {names[-1]}", seconds=REFACTOR_SECONDS * scale),
        JOB.format(name="deploy", needs="needs: refactor", seconds=DEPLOY_SECONDS * scale),
    )


def _render(*jobs: str) -> str:
    head = "name: bench\non: push\npermissions: {}\njobs:\n"
    return head + "".join(jobs)


def run_workflow(project: Path, actions: Path, workflow: str, environment: dict[str, str]) -> Run:
    """Run a workflow with act; all jobs must succeed."""
    file = project / ".github" / "workflows" / "bench.yml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(workflow, encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        started = time.monotonic()
        done = subprocess.run(
            [str(Path(sys.executable).with_name("act")), *list_flags(Path(scratch), actions)],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        wall_seconds = time.monotonic() - started
    if done.returncode:
        print(done.stdout)
        message = f"act ended with {done.returncode}"
        raise RuntimeError(message)
    return Run(wall_seconds, find_verdict_seconds(done.stdout), find_jobs(done.stdout))


def export_actions(folder: Path) -> Path:
    """Write what GitHub downloads for a workflow that uses the actions of this commit."""
    folder.mkdir()
    archive = folder.with_suffix(".tar")
    subprocess.run(["git", "archive", "-o", str(archive), "HEAD"], cwd=ROOT, check=True)
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    for command in (["init", "-q", "-b", "main"], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def list_flags(scratch: Path, actions: Path) -> list[str]:
    """List act's flags: on this host, on loopback, without fetching anything."""
    flags = ["push", "--json", "-P", "ubuntu-latest=-self-hosted", "--container-daemon-socket", "-"]
    flags += ["--action-offline-mode", "--pull=false", "--action-cache-path", str(scratch / "a")]
    for server in ("cache", "artifact"):
        flags += [f"--{server}-server-addr", "127.0.0.1"]
        flags += [f"--{server}-server-path", str(scratch / server)]
    flags += ["--artifact-server-port", str(find_free_port())]
    return [*flags, "--local-repository", f"{ACTION}={actions}"]


def find_verdict_seconds(log: str) -> float:
    """Return the seconds from the first judgement to the last verdict of one collect, summed."""
    spans: dict[str, list[float]] = {}
    for line in log.splitlines():
        event = _parse(line)
        words = str(event.get("msg", "")).split()
        if event.get("raw_output") and words and words[0].endswith("s") and _is_verdict(words):
            spans.setdefault(str(event.get("jobID")), []).append(float(words[0].rstrip("s")))
    return sum(max(span) - min(span) for span in spans.values())


def _is_verdict(words: list[str]) -> bool:
    return "judging" in words or any(one.rstrip(",") in {"accepted", "weak"} for one in words)


def find_jobs(log: str) -> dict[str, str]:
    """Return the results of the jobs."""
    events = map(_parse, log.splitlines())
    return {str(e["jobID"]): str(e["jobResult"]) for e in events if "jobResult" in e}


def _parse(line: str) -> dict[str, object]:
    try:
        event: dict[str, object] = json.loads(line)
    except ValueError:
        return {}
    return event


def build_environment(server: RealServer, model: SlowModel) -> dict[str, str]:
    """Return act's environment, which its steps inherit; the interpreter has pytest."""
    find = [str(ROOT / "runner" / "environment"), "runner"]
    runner = subprocess.run(find, check=True, capture_output=True, text=True).stdout.strip()
    own = {
        "OPENHANDS_TESTGEN_CACHE_DIR": str(Path(runner).parent),
        "OPENHANDS_SERVER_URL": server.url,
        "OPENHANDS_SESSION_API_KEY": server.key,
        "LLM_MODEL": NAME,
        "LLM_API_KEY": KEY,
        "LLM_BASE_URL": model.base_url,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    return {**os.environ, **own}


def measure(scale: float) -> tuple[Run, Run]:
    """Run both workflows, ours first, after one that does not count."""
    server, model = RealServer(find_engine_python()), SlowModel(MODULE_SECONDS * WARM_UP_SCALE)
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "shop"
        modules = make_project(project)
        actions = export_actions(Path(scratch) / "actions")
        try:
            server.start()
            model.start()
            environment = build_environment(server, model)
            run_workflow(project, actions, render_ours(modules, WARM_UP_SCALE), environment)
            model.begin_anew(MODULE_SECONDS * scale)
            ours = run_workflow(project, actions, render_ours(modules, scale), environment)
            model.begin_anew(MODULE_SECONDS * scale)
            blocking = run_workflow(project, actions, render_blocking(modules, scale), environment)
        finally:
            model.close()
            server.close()
    return ours, blocking


def main() -> int:
    """Measure, print, write; the exit code says whether all goals were reached."""
    scale = float(os.environ.get("SCALE", "0.1"))
    ours, blocking = measure(scale)
    critical_seconds = (TEST_SECONDS + MODULE_SECONDS) * scale
    overhead_seconds = ours.wall_seconds - critical_seconds - ours.verdict_seconds
    rows = [
        ["blocking, one after the other", f"{blocking.wall_seconds:.1f}"],
        ["ours", f"{ours.wall_seconds:.1f}"],
        ["of it: critical path", f"{critical_seconds:.1f}"],
        ["of it: verdicts after the last agent", f"{ours.verdict_seconds:.1f}"],
        ["of it: everything else", f"{overhead_seconds:.1f}"],
    ]
    print_table(["workflow", f"s at scale {scale:g}"], rows)
    saved = 1 - ours.wall_seconds / blocking.wall_seconds
    overhead = overhead_seconds / critical_seconds
    goals = [
        ["saved, all in all", f"{saved:.1%}", f"at least {SAVED_SHARE_AT_LEAST:.0%}"],
        ["neither critical path nor verdict", f"{overhead:.1%}", f"{OVERHEAD_SHARE_AT_MOST:.0%}"],
    ]
    print_table(["goal", "measured", "limit"], goals)
    write_json("workflow", {"scale": scale, "ours": ours, "blocking": blocking})
    return 0 if saved >= SAVED_SHARE_AT_LEAST and overhead <= OVERHEAD_SHARE_AT_MOST else 1


if __name__ == "__main__":
    sys.exit(main())
