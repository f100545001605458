"""The whole use case by separate processes, against the real agent server and a faulty model."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.fakes import model as fake
from tests.fakes.model import FakeModel, Fault, finish, grow, link, run, say, write
from tests.integration.command_line import (
    MODULE,
    MODULE_PATH,
    OUTPUT_PATH,
    SOUND_TESTS,
    Answer,
    CommandLine,
)
from tests.servers import find_engine_python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from openhands_testgen.offline.chat import Reply
    from tests.servers import RealServer

pytestmark = pytest.mark.e2e
WRITE = write(OUTPUT_PATH, SOUND_TESTS)
CLAIM = f"I wrote {OUTPUT_PATH} and all tests pass."
WRONG_TESTS = b"""\
from shop.prices import get_total


def test_total():
    assert get_total(100, 19) == 120
"""


@dataclass
class Scene:
    """A workflow in front of the real server: its steps are processes of their own."""

    command_line: CommandLine
    server: RealServer
    model: FakeModel

    def run(self, *arguments: str, **changes: str) -> Answer:
        """Run a step and look for keys in all that it printed and wrote."""
        environment: dict[str, str] = {
            "OPENHANDS_SERVER_URL": self.server.url,
            "OPENHANDS_SESSION_API_KEY": self.server.key,
            "LLM_MODEL": fake.NAME,
            "LLM_API_KEY": fake.KEY,
            "LLM_BASE_URL": self.model.base_url,
            "LLM_NUM_RETRIES": "1",
            **changes,
        }
        answer = self.command_line.run(*arguments, **environment)
        self._assert_no_key(answer)
        return answer

    def submit(self, *arguments: str, **changes: str) -> str:
        """Submit the module."""
        answer = self.run("submit", "--module", MODULE_PATH, *arguments, **changes)
        assert answer.exit_code == 0, answer.stderr
        (task_id,) = answer.task_ids
        assert answer.outputs == {"task-id": task_id, "status": "QUEUED", "conversation-url": ""}
        return task_id

    def collect(self, task_id: str, *arguments: str) -> Answer:
        """Collect a task."""
        return self.run("collect", task_id, "--poll-interval", "0.2", *arguments)

    def read_status(self, task_id: str) -> tuple[object, object]:
        """Return a task's status and conclusion."""
        (status,) = self.run("status", task_id).results
        return status["status"], status["conclusion"]

    def read(self, path: str) -> bytes | None:
        """Return a file of the project."""
        full = self.command_line.project / path
        return full.read_bytes() if full.is_file() else None

    def _assert_no_key(self, answer: Answer) -> None:
        texts = {"stdout": answer.stdout.encode(), "stderr": answer.stderr.encode()}
        for path in self.command_line.folder.rglob("*"):
            if path.is_file():
                texts |= read_all(path)
        keys = (fake.KEY.encode(), self.server.key.encode())
        assert [name for name, text in texts.items() if any(key in text for key in keys)] == []


def read_all(path: Path) -> dict[str, bytes]:
    """Read a file, and the files in it where it is an archive."""
    content = path.read_bytes()
    if path.suffix != ".zip":
        return {str(path): content}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {f"{path}/{name}": archive.read(name) for name in archive.namelist()}


class Stage(Protocol):
    """Makes scenes."""

    def __call__(self, *script: Reply | Fault) -> Scene:
        """Make a scene whose model follows a script."""


@pytest.fixture
def stage(tmp_path: Path, agent_server: RealServer) -> Iterator[Stage]:
    models: list[FakeModel] = []
    # It reads the address of a server that is fake elsewhere, and here is given the real one's.
    command_line = CommandLine(
        tmp_path,
        agent_server,  # type: ignore[arg-type] # as said
        find_engine_python().parents[2],
    )

    def make(*script: Reply | Fault) -> Scene:
        models.append(FakeModel(*script))
        models[-1].start()
        return Scene(command_line, agent_server, models[-1])

    yield make
    for model in models:
        model.close()


def test_sound_tests_are_accepted_and_delivered(stage: Stage) -> None:
    scene = stage(run(f"cat {MODULE_PATH}"), WRITE, finish("It covers totals."))
    answer = scene.collect(scene.submit())
    (result,) = answer.results
    assert answer.exit_code == 0, answer.stderr
    assert (result["status"], result["conclusion"]) == ("COMPLETED", "success")
    assert (result["verdict"], result["success"]) == ("accepted", True)
    assert (result["files"], result["final_message"]) == ([OUTPUT_PATH], "It covers totals.")
    assert result["cost_usd"] is None
    assert scene.read(OUTPUT_PATH) == SOUND_TESTS
    expected = {
        "success": "true",
        "status": "COMPLETED",
        "conclusion": "success",
        "verdict": "accepted",
        "coverage": "100.0",
        "test-path": OUTPUT_PATH,
        "cost": "",
    }
    assert {name: answer.outputs[name] for name in expected} == expected


def test_tests_that_fail_are_rejected_and_kept_as_a_result(stage: Stage) -> None:
    scene = stage(write(OUTPUT_PATH, WRONG_TESTS), finish(CLAIM))
    answer = scene.collect(scene.submit())
    (result,) = answer.results
    assert (answer.exit_code, result["conclusion"]) == (10, "rejected")
    assert (answer.outputs["verdict"], answer.outputs["success"]) == ("rejected", "false")
    assert scene.read(OUTPUT_PATH) is None
    (kept,) = scene.command_line.folder.glob(f"results/*/agent/{OUTPUT_PATH}")
    assert kept.read_bytes() == WRONG_TESTS


@pytest.mark.parametrize(
    ("script", "conclusion", "reason"),
    [
        ((Fault(401),), "agent_error", "LLMAuthenticationError"),
        ((Fault(429),), "agent_error", "LLMRateLimitError"),
        ((Fault(500),), "agent_error", "LLMServiceUnavailableError"),
        ((Fault(kind="cut"),), "agent_error", "LLMServiceUnavailableError"),
        ((Fault(kind="garbage"),), "agent_error", "LLMServiceUnavailableError"),
        # What it left before does not count: nobody knows whether it is whole.
        ((WRITE, Fault(401)), "agent_error", "LLMAuthenticationError"),
        ((run("echo again"),), "stuck", "repeated itself"),
    ],
    ids=["401", "429", "500", "cut", "garbage", "later", "loop"],
)
def test_an_agent_that_fails(
    stage: Stage, script: tuple[Reply | Fault, ...], conclusion: str, reason: str
) -> None:
    scene = stage(*script)
    task_id = scene.submit()
    answer = scene.collect(task_id)
    (result,) = answer.results
    assert (answer.exit_code, result["status"], result["conclusion"]) == (6, "FAILED", conclusion)
    assert reason in str(result["error"])
    assert scene.read_status(task_id) == ("FAILED", conclusion)
    expected = {
        "success": "false",
        "status": "FAILED",
        "conclusion": conclusion,
        "verdict": "",
        "test-path": "",
    }
    assert {name: answer.outputs[name] for name in expected} == expected
    assert scene.read(OUTPUT_PATH) is None


def test_a_passing_fault_of_the_model_is_ridden_out(stage: Stage) -> None:
    scene = stage(Fault(429, times=1, then=WRITE), finish())
    answer = scene.collect(scene.submit(LLM_NUM_RETRIES="2"))
    assert answer.exit_code == 0, answer.stderr
    assert scene.model.turns == [0, 0, 1]


def test_an_agent_with_too_few_steps(stage: Stage) -> None:
    scene = stage(*(run(f"echo {number}") for number in range(20)))
    answer = scene.collect(scene.submit("--max-iterations", "2"))
    (result,) = answer.results
    assert (answer.exit_code, result["conclusion"]) == (6, "over_budget")
    assert "MaxIterationsReached" in str(result["error"])


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ((say("I would rather talk about it."),), f"left no file at {OUTPUT_PATH}"),
        ((finish(CLAIM),), f"left no file at {OUTPUT_PATH}"),
        ((write("conftest.py", b"import os\n"), finish(CLAIM)), f"left no file at {OUTPUT_PATH}"),
        ((link(OUTPUT_PATH, f"../{MODULE_PATH}"), finish(CLAIM)), "was not taken: a link"),
        ((grow(OUTPUT_PATH, 1_500_000), finish(CLAIM)), "was not taken: 1500000 bytes, more than"),
        (
            (grow(OUTPUT_PATH, 3_000_000), finish(CLAIM)),
            "was not taken: a link, a special file, or",
        ),
        ((write(OUTPUT_PATH, b"a\0b"), finish(CLAIM)), "was not taken: binary"),
    ],
    ids=["words", "claim", "conftest", "link", "large", "huge", "binary"],
)
def test_an_agent_that_leaves_no_tests(
    stage: Stage, script: tuple[Reply, ...], reason: str
) -> None:
    scene = stage(*script)
    task_id = scene.submit()
    answer = scene.collect(task_id)
    (result,) = answer.results
    assert (answer.exit_code, result["status"], result["conclusion"]) == (
        *(6, "COMPLETED"),
        "no_tests",
    )
    assert reason in str(result["error"])
    said = script[-1].text or script[-1].arguments["message"]
    assert str(said) in str(result["error"])
    assert scene.read_status(task_id) == ("COMPLETED", None)
    assert (answer.outputs["conclusion"], answer.outputs["verdict"]) == ("no_tests", "")
    assert scene.read(OUTPUT_PATH) is None
    assert scene.read("conftest.py") is None


def test_whatever_else_an_agent_touches_is_dropped_and_named(stage: Stage) -> None:
    scene = stage(
        WRITE,
        write(MODULE_PATH, b"def get_total(net, tax): return 119\n"),
        write("conftest.py", b"raise SystemExit\n"),
        link("tests/test_other.py", "/etc/hostname"),
        run("rm src/shop/notes.txt"),
        finish(),
    )
    answer = scene.collect(scene.submit())
    (result,) = answer.results
    assert (answer.exit_code, result["verdict"]) == (0, "accepted")
    assert isinstance(result["dropped"], list)
    assert {one["path"] for one in result["dropped"]} == {
        *(MODULE_PATH, "conftest.py", "tests/test_other.py", "src/shop/notes.txt"),
    }
    assert scene.read(MODULE_PATH) == MODULE
    assert scene.read("src/shop/notes.txt") is not None
    assert scene.read("conftest.py") is None
    assert scene.read(OUTPUT_PATH) == SOUND_TESTS


def test_a_model_that_hangs_lets_the_deadline_pass(stage: Stage) -> None:
    scene = stage(Fault(kind="hang"))
    task_id = scene.submit()
    answer = scene.collect(task_id, "--timeout", "2")
    (result,) = answer.results
    assert (answer.exit_code, result["status"], result["conclusion"]) == (7, "RUNNING", None)
    assert (answer.outputs["status"], answer.outputs["success"]) == ("RUNNING", "false")
    assert scene.run("cancel", task_id).exit_code == 0
    assert scene.read_status(task_id) == ("FAILED", "cancelled")
    assert scene.collect(task_id).exit_code == 6


def test_a_model_that_hangs_is_given_up_when_its_time_is_over(stage: Stage) -> None:
    scene = stage(Fault(kind="hang"))
    answer = scene.collect(scene.submit(LLM_TIMEOUT="1"))
    (result,) = answer.results
    assert (answer.exit_code, result["conclusion"]) == (6, "agent_error")
    assert "LLMTimeoutError" in str(result["error"])


def test_an_agent_is_stopped_at_the_deadline_if_that_is_asked_for(stage: Stage) -> None:
    scene = stage(run("sleep 600"))
    task_id = scene.submit()
    answer = scene.collect(task_id, "--timeout", "2", "--on-timeout", "cancel")
    (result,) = answer.results
    assert (answer.exit_code, result["status"], result["conclusion"]) == (7, "FAILED", "timed_out")
    assert scene.read_status(task_id) == ("FAILED", "cancelled")


def test_a_job_that_never_collected_cancels(stage: Stage) -> None:
    scene = stage(run("sleep 600"))
    task_id = scene.submit()
    answer = scene.run("collect", task_id, "--mode", "cancel")
    assert (answer.exit_code, answer.outputs["success"]) == (0, "false"), answer.stderr
    assert scene.read_status(task_id) == ("FAILED", "cancelled")
    nothing = scene.run("collect", "--mode", "cancel")
    assert (nothing.exit_code, nothing.results) == (0, [])
    assert "nothing to cancel" in nothing.stderr


def test_a_server_that_was_killed_and_started_again_goes_on(stage: Stage) -> None:
    scene = stage(WRITE, run("sleep 5"), finish())
    task_id = scene.submit()
    scene.model.wait_for_turn(1)
    scene.server.kill()
    scene.server.start()
    answer = scene.collect(task_id)
    (result,) = answer.results
    assert (answer.exit_code, result["verdict"]) == (0, "accepted"), answer.stderr
    assert "resumed after a restart" in answer.stderr


MIXED_TESTS = b"""\
from shop.prices import get_total


def test_total_is_wrong():
    assert get_total(100, 19) == 120


def test_total_is_anything():
    total = get_total(100, 19)
    assert total is total


def test_total():
    assert get_total(100, 19) == 119
"""
# The good test alone reaches five of the module's six lines and jumps, and few of its mutants.
DEMANDS = ("--coverage-threshold", "60", "--mutation-threshold", "80")


def test_an_agent_mends_its_tests_when_it_is_told(stage: Stage) -> None:
    scene = stage(write(OUTPUT_PATH, MIXED_TESTS), finish(CLAIM), WRITE, finish("Mended."))
    answer = scene.collect(scene.submit(*DEMANDS[:2]), *DEMANDS[2:])
    (result,) = answer.results
    assert answer.exit_code == 0, answer.stderr
    assert (result["verdict"], result["repairs"]) == ("accepted", 1)
    assert result["final_message"] == "Mended."
    assert scene.read(OUTPUT_PATH) == SOUND_TESTS
    told = scene.model.bodies[-1].decode()
    assert "test_total_is_wrong` (line 4) fails" in told
    assert "test_total_is_anything` (line 8)" in told


def test_without_repairs_the_good_test_alone_is_delivered(stage: Stage) -> None:
    scene = stage(write(OUTPUT_PATH, MIXED_TESTS), finish(CLAIM))
    answer = scene.collect(scene.submit(*DEMANDS[:2]), *DEMANDS[2:], "--max-repairs", "0")
    (result,) = answer.results
    assert answer.exit_code == 0, answer.stderr
    assert (result["verdict"], result["repairs"]) == ("weak", 0)
    delivered = (scene.read(OUTPUT_PATH) or b"").decode()
    assert "def test_total():" in delivered
    assert "test_total_is_" not in delivered


@pytest.mark.parametrize("status", [429, 500, 404])
def test_the_next_model_goes_on_where_one_fails(stage: Stage, status: int) -> None:
    scene = stage(
        Fault(status, model="first", then=WRITE),
        Fault(status, model="first", then=finish("The second one was here.")),
    )
    task_id = scene.submit(LLM_MODEL="openai/first, openai/second")
    # As the README says it: the key and nothing else.
    key_alone = {"LLM_MODEL": "", "LLM_BASE_URL": ""}
    answer = scene.run("collect", task_id, "--poll-interval", "0.2", **key_alone)
    (result,) = answer.results
    assert answer.exit_code == 0, answer.stderr
    assert (result["verdict"], result["model"]) == ("accepted", "openai/second")
    assert "goes on with openai/second, for openai/first failed" in answer.stderr
    (report,) = scene.command_line.folder.glob("results/*/report.html")
    assert "openai/second" in report.read_text(encoding="utf-8")


def test_where_no_model_is_left_the_last_error_stands(stage: Stage) -> None:
    scene = stage(Fault(429))
    answer = scene.collect(scene.submit(LLM_MODEL="openai/first openai/second"))
    (result,) = answer.results
    assert (answer.exit_code, result["conclusion"]) == (6, "agent_error")
    assert "LLMRateLimitError" in str(result["error"])
    assert result["model"] == "openai/second"


def test_a_model_that_may_go_on_needs_its_key(stage: Stage) -> None:
    scene = stage(Fault(404))
    task_id = scene.submit(LLM_MODEL="openai/first openai/second")
    answer = scene.run(
        "collect", task_id, "--poll-interval", "0.2", LLM_API_KEY="", LLM_BASE_URL=""
    )
    (result,) = answer.results
    assert (answer.exit_code, result["conclusion"]) == (6, "agent_error")
    assert "set LLM_API_KEY for this step" in str(result["error"])


def test_who_only_looks_starts_no_other_model(stage: Stage) -> None:
    scene = stage(Fault(429))
    task_id = scene.submit(LLM_MODEL="openai/first openai/second")
    scene.model.wait_for_turn(0)
    while scene.read_status(task_id) != ("FAILED", "agent_error"):
        pass
    asked = len(scene.model.bodies)
    assert scene.run("cancel", task_id).exit_code == 0
    assert scene.read_status(task_id) == ("FAILED", "agent_error")
    assert len(scene.model.bodies) == asked
