"""What is wrong ends with the exit code of the table, is named, and leaves nothing half done."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.domain.task_id import parse_task_id
from tests.fakes.agent_server import FakeAgentServer, Fault
from tests.integration.command_line import (
    MODULE,
    MODULE_PATH,
    OUTPUT_PATH,
    SOUND_TESTS,
    CommandLine,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.command_line import Answer

NOTHING_SUBMITTED = {"task-id": "", "status": "", "conversation-url": ""}
JOB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "owner/name",
    "GITHUB_RUN_ID": "17",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_JOB": "submit",
}
OF = ("--module", MODULE_PATH)
UNREACHABLE = "http://127.0.0.1:9"
ID = "v1.agent-server.eyJhIjoxfQ"


WRONG_SUBMITS: list[tuple[tuple[str, ...], int, str]] = [
    ((), 2, "module: name the module"),
    (("--module", ""), 2, "module: name the module"),
    (("--module", "src/none.py"), 3, "There is no module src/none.py in"),
    (("--module", "../outside.py"), 2, "module: '../outside.py' lies outside the working"),
    (("--module", "src/shop/notes.txt"), 2, "module: src/shop/notes.txt is not a Python file"),
    (("--module", "src/shop"), 2, "module: src/shop is a folder; name one Python file in it"),
    (("--module", "src/shop/empty.py"), 3, "src/shop/empty.py defines no function and no"),
    (("--module", "src/shop/latin.py"), 2, "module: src/shop/latin.py is not UTF-8 (byte 4)"),
    (("--module", "src/a\tb.py"), 2, "module: 'src/a\\tb.py' is not a plain path"),
    ((*OF, "--output", "../test_x.py"), 2, "output: '../test_x.py' lies outside the working"),
    ((*OF, "--output", "tests/test_link.py"), 2, "output: tests/test_link.py is a symbolic"),
    ((*OF, "--output", "tests/test_x.txt"), 2, "output: tests/test_x.txt does not end in .py"),
    ((*OF, "--output", "src/shop/notes.txt/test_x.py"), 2, "output: src/shop/notes.txt is a"),
    ((*OF, "--coverage-threshold", "0"), 2, "coverage-threshold: Input should be greater than"),
    ((*OF, "--coverage-threshold", "101"), 2, "coverage-threshold: Input should be less than"),
    ((*OF, "--coverage-threshold", "abc"), 2, "coverage-threshold: Input should be a valid nu"),
    ((*OF, "--backend", "teleport"), 2, "backend: there is no backend 'teleport'; choose one"),
    ((*OF, "--server-url", "host:8000"), 2, "server-url: 'host:8000' is not an address such"),
    ((*OF, "--llm-model", "offline"), 2, "llm-model: `offline` runs beside the embedded"),
    ((*OF, "--working-directory", "no"), 2, "working-directory: there is no folder 'no'"),
]
WRONG_SURROUNDINGS: list[tuple[dict[str, str | None], str]] = [
    ({"LLM_MODEL": None, "LLM_API_KEY": None}, "llm-model: no language model is set; give"),
    ({"LLM_API_KEY": None}, "llm-api-key: no language model is set; give `llm-model` and"),
    ({"INPUT_COVERAGE_THRESHOLD": "abc"}, "coverage-threshold: Input should be a valid num"),
    ({"OPENHANDS_TESTGEN_BACKEND": "x"}, "backend: there is no backend 'x'; choose one of"),
]
WRONG_COLLECTS: list[tuple[tuple[str, ...], int, str]] = [
    ((), 2, "task-id: no task id was given; pass the `task-id` that submit printed"),
    (("nonsense",), 8, "The task id 'nonsense' is malformed. Pass the task id exactly"),
    (("v2.agent-server.e30",), 8, "The task id is of version v2, this program reads v1."),
    ((f"{ID}x",), 8, "The task id is damaged or truncated. Pass the task id exactly"),
    ((ID, "--timeout", "0"), 2, "timeout: Input should be greater than 0"),
    ((ID, "--on-timeout", "explode"), 2, "on-timeout: Input should be 'fail' or 'cancel'"),
    ((ID, "--fail-on", "sometimes"), 2, "fail-on: Input should be 'weak', 'rejected', 'failed"),
]


@pytest.fixture(scope="module")
def bystander(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[CommandLine]:
    """A project and a server to which nothing may happen."""
    with FakeAgentServer() as server:
        yield CommandLine(tmp_path_factory.mktemp("bystander"), server, cache)


@pytest.fixture(scope="module")
def answers(bystander: CommandLine) -> dict[str, Answer]:
    """The answers to all commands that are wrong by themselves, run side by side."""
    before = bystander.list_files()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {
            **{
                repr(arguments): pool.submit(bystander.run, "submit", *arguments)
                for arguments, _, _ in WRONG_SUBMITS
            },
            **{
                repr(changes): pool.submit(bystander.run, "submit", *OF, **changes)
                for changes, _ in WRONG_SURROUNDINGS
            },
            **{
                f"collect {arguments}": pool.submit(bystander.run, "collect", *arguments)
                for arguments, _, _ in WRONG_COLLECTS
            },
        }
    assert bystander.server.requests == []
    assert bystander.list_files() == before
    return {name: future.result() for name, future in running.items()}


@pytest.mark.parametrize(("arguments", "exit_code", "message"), WRONG_SUBMITS)
def test_wrong_input_of_submit(
    answers: dict[str, Answer], arguments: tuple[str, ...], exit_code: int, message: str
) -> None:
    answer = answers[repr(arguments)]
    assert answer.exit_code == exit_code, answer
    assert answer.stderr.splitlines()[-1].startswith(f"error: {message}")
    assert (answer.stdout, answer.outputs) == ("", NOTHING_SUBMITTED)


@pytest.mark.parametrize(("changes", "message"), WRONG_SURROUNDINGS)
def test_wrong_surroundings_of_submit(
    answers: dict[str, Answer], changes: dict[str, str | None], message: str
) -> None:
    answer = answers[repr(changes)]
    assert answer.exit_code == 2, answer
    assert answer.stderr.splitlines()[-1].startswith(f"error: {message}")
    assert (answer.stdout, answer.outputs) == ("", NOTHING_SUBMITTED)


@pytest.mark.parametrize(("arguments", "exit_code", "message"), WRONG_COLLECTS)
def test_wrong_input_of_collect(
    answers: dict[str, Answer], arguments: tuple[str, ...], exit_code: int, message: str
) -> None:
    answer = answers[f"collect {arguments}"]
    assert answer.exit_code == exit_code, answer
    assert answer.stderr.splitlines()[-1].startswith(f"error: {message}")
    assert_no_success(answer)


@pytest.mark.parametrize(
    ("fault", "exit_code", "message"),
    [
        (Fault(status=401), 4, "refuses the key (401). Set `api-key`"),
        (Fault(status=404), 5, "answered /api/conversations with 404. Is `server-url` an"),
        (Fault(status=429), 5, "as many conversations as it may (429). Submit again later"),
        (Fault(status=500), 5, "failed on /api/conversations (500). Look at its log"),
        (Fault(kind="garbage"), 5, "answered with something else than the agent server's contr"),
    ],
)
def test_a_faulty_server_of_submit(
    command_line: CommandLine, fault: Fault, exit_code: int, message: str
) -> None:
    before = command_line.list_files()
    command_line.server.faults.append(fault)
    answer = command_line.run("submit", *OF)
    assert answer.exit_code == exit_code
    assert message in answer.stderr.splitlines()[-1]
    assert (answer.stdout, answer.outputs) == ("", NOTHING_SUBMITTED)
    assert command_line.server.created == 0
    assert command_line.list_files() == before


def test_nobody_at_the_address(command_line: CommandLine) -> None:
    answer = command_line.run("submit", *OF, "--server-url", UNREACHABLE)
    assert answer.exit_code == 5
    assert f"The agent server at {UNREACHABLE} does not answer" in answer.stderr
    assert answer.outputs == NOTHING_SUBMITTED


def test_a_wrong_key(command_line: CommandLine) -> None:
    answer = command_line.run("submit", *OF, OPENHANDS_SESSION_API_KEY="planted-wrong-key")
    assert answer.exit_code == 4
    assert "refuses the key (401)" in answer.stderr
    assert "planted-wrong-key" not in answer.stderr
    assert command_line.server.created == 0


def test_a_redirect_is_not_followed(command_line: CommandLine) -> None:
    with FakeAgentServer() as elsewhere:
        headers = {"Location": f"{elsewhere.url}/api/conversations"}
        command_line.server.faults.append(Fault(status=307, headers=headers))
        answer = command_line.run("submit", *OF)
        assert elsewhere.requests == []
    assert answer.exit_code == 5
    assert "answered /api/conversations with 307. Is `server-url` an OpenHands" in answer.stderr


def test_one_of_two_modules_fails(command_line: CommandLine) -> None:
    (command_line.project / "src/shop/taxes.py").write_bytes(MODULE)
    command_line.server.faults.append(Fault(path="/bash/", status=404, times=1))
    answer = command_line.run("submit", *OF, "--module", "src/shop/taxes.py")
    assert answer.exit_code == 5
    assert len(answer.task_ids) == command_line.server.created == 1
    assert answer.outputs["task-id"] == answer.task_ids[0]
    assert answer.outputs["status"] == "QUEUED"
    assert "answered /api/bash/execute_bash_command with 404" in answer.stderr


def test_the_same_job_submits_once(command_line: CommandLine) -> None:
    ids = [command_line.submit(**JOB), command_line.submit(**JOB)]
    assert len({parse_task_id(one).conversation_id for one in ids}) == 1
    assert command_line.server.created == 1
    command_line.submit(**JOB | {"GITHUB_RUN_ATTEMPT": "2"})
    assert command_line.server.created == 2


@pytest.mark.parametrize("command", ["status", "collect", "cancel"])
def test_one_bad_id_hides_no_good_one(command_line: CommandLine, command: str) -> None:
    task_id = command_line.plant_task()
    foreign = task_id.replace("agent-server", "teleport")
    answer = command_line.run(command, foreign, "nonsense", task_id)
    assert answer.exit_code == 8
    assert "belongs to a backend 'teleport', which this version does not have" in answer.stderr
    assert "The task id 'nonsense' is malformed" in answer.stderr
    if command != "cancel":
        assert isinstance(answer.content, list)
        (result,) = answer.results
        assert (result["task_id"], result["status"]) == (task_id, "COMPLETED")
    if command == "collect":
        assert (command_line.project / OUTPUT_PATH).read_bytes() == SOUND_TESTS
        assert_no_success(answer)


def test_ids_may_stand_in_one_word(command_line: CommandLine) -> None:
    ids = [command_line.plant_task(), command_line.plant_task()]
    answer = command_line.run("status", " ".join(ids))
    assert [one["task_id"] for one in answer.results] == ids


@pytest.mark.parametrize(
    ("fault", "timeout", "exit_code", "message"),
    [
        (Fault(status=401), "9", 4, "refuses the key (401). Set `api-key`"),
        (Fault(kind="garbage"), "9", 5, "answered with something else than the agent server's"),
        (Fault(status=500), "1.5", 5, "failed on /api/conversations (500)"),
        (Fault(kind="hang"), "0.5", 5, "did not answer before the deadline"),
    ],
)
def test_a_faulty_server_of_collect(
    command_line: CommandLine, fault: Fault, timeout: str, exit_code: int, message: str
) -> None:
    task_id = command_line.plant_task()
    before = command_line.list_files()
    command_line.server.faults.append(fault)
    answer = command_line.run("collect", task_id, "--timeout", timeout)
    assert answer.exit_code == exit_code
    assert message in str(answer.results[0]["error"])
    assert_no_success(answer)
    assert command_line.list_files() == before


def test_a_task_that_the_server_does_not_know(command_line: CommandLine) -> None:
    task_id = command_line.plant_task()
    command_line.server.conversations.clear()
    answer = command_line.run("collect", task_id)
    assert answer.exit_code == 8
    assert "does not know this task" in str(answer.results[0]["error"])
    assert_no_success(answer)


def test_the_deadline_passes(command_line: CommandLine) -> None:
    command_line.server.looks = 1_000_000
    task_id = command_line.plant_task()
    answer = command_line.run("collect", task_id, "--timeout", "0.5")
    assert answer.exit_code == 7
    assert "collect again with the same id" in str(answer.results[0]["error"])
    assert answer.outputs["status"] == "RUNNING"
    assert command_line.server.interrupted == []


def test_an_output_that_changed_meanwhile_is_left_alone(command_line: CommandLine) -> None:
    output = command_line.project / OUTPUT_PATH
    output.write_bytes(b"def test_first(): pass\n")
    task_id = command_line.submit()
    output.write_bytes(b"def test_second(): pass\n")
    answer = command_line.run("collect", task_id)
    assert answer.exit_code == 0
    beside = "tests/test_prices_openhands.py"
    assert output.read_bytes() == b"def test_second(): pass\n"
    assert (command_line.project / beside).read_bytes() == SOUND_TESTS
    assert answer.outputs["test-path"] == beside
    assert f"{OUTPUT_PATH} has changed since submit" in str(answer.results[0]["warnings"])


def test_results_that_cannot_be_written(command_line: CommandLine) -> None:
    task_id = command_line.plant_task()
    answer = command_line.run("collect", task_id, "--results", "/dev/null/results")
    assert answer.exit_code == 2
    assert "results: the results cannot be written to /dev/null/" in answer.stderr
    assert answer.results[0]["verdict"] == answer.outputs["verdict"] != ""
    assert (command_line.project / OUTPUT_PATH).read_bytes() == SOUND_TESTS


def test_two_collects_at_once_end_alike(command_line: CommandLine) -> None:
    task_id = command_line.plant_task()
    both = [command_line.start("collect", task_id) for _ in range(2)]
    answers = [one.finish() for one in both]
    assert [one.exit_code for one in answers] == [0, 0], answers
    assert answers[0].outputs == answers[1].outputs
    assert answers[0].outputs["test-path"] == OUTPUT_PATH
    assert (command_line.project / OUTPUT_PATH).read_bytes() == SOUND_TESTS
    (file,) = (command_line.folder / "results").glob("*/result.json")
    assert json.loads(file.read_text())["verdict"] == answers[0].outputs["verdict"]


def test_an_interrupted_wait_stops_the_agent(command_line: CommandLine) -> None:
    command_line.server.looks = 1_000_000
    task_id = command_line.plant_task()
    started = command_line.start("collect", task_id)
    started.wait_for_line("RUNNING")
    started.process.send_signal(signal.SIGINT)
    answer = started.finish()
    assert answer.exit_code == 130
    assert answer.results[0]["conclusion"] == answer.outputs["conclusion"] == "cancelled"
    assert_no_success(answer)
    assert len(command_line.server.interrupted) == 1
    again = command_line.run("collect", task_id)
    assert (again.exit_code, again.outputs["conclusion"]) == (6, "cancelled")
    assert not (command_line.project / OUTPUT_PATH).exists()


def test_an_interrupted_verdict_is_reached_the_next_time(command_line: CommandLine) -> None:
    task_id = command_line.plant_task()
    started = command_line.start("collect", task_id)
    started.wait_for_line("judging")
    started.process.send_signal(signal.SIGINT)
    answer = started.finish()
    assert answer.exit_code == 130
    assert_no_success(answer)
    assert command_line.server.interrupted == []
    assert not (command_line.project / OUTPUT_PATH).exists()
    again = command_line.run("collect", task_id)
    assert (again.exit_code, again.outputs["success"]) == (0, "true")
    assert (command_line.project / OUTPUT_PATH).read_bytes() == SOUND_TESTS


def assert_no_success(answer: Answer) -> None:
    assert answer.outputs["success"] == "false"
    assert answer.outputs["verdict"] == ""
    assert "test-path" in answer.outputs
