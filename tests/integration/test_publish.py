"""Publishing a results folder that collect left, whole or damaged."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.clients.github import GitHubClient
from openhands_testgen.reporting.github.event import Event
from openhands_testgen.reporting.github.publisher import GitHubPublisher, Wishes
from openhands_testgen.reporting.publish import publish
from tests.fakes.github import TOKEN, FakeGitHub, GitHubFault
from tests.fakes.github_repository import HEAD
from tests.fakes.github_routes import NAME
from tests.fakes.hostile import TEXTS, make_hostile
from tests.fakes.results import CASE_FAILED, HOSTILE, make_rejected, make_result

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from openhands_testgen.domain.report import TaskResult


def store(root: Path, name: str, result: TaskResult) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(result))
    return folder


def run_publish(
    root: Path,
    summary: Path | None = None,
    *,
    in_actions: bool = True,
    task_ids: Collection[str] = (),
    github: GitHubPublisher | None = None,
) -> list[str]:
    stdout = io.StringIO()
    publish(root, summary, stdout, in_actions=in_actions, task_ids=task_ids, github=github)
    return stdout.getvalue().splitlines()


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub() as fake:
        yield fake
        assert fake.violations == []


def make_publisher(fake: FakeGitHub, deliver: str = "none") -> GitHubPublisher:
    event = Event("pull_request", HEAD, "feature", 7)
    wishes = Wishes(deliver=deliver, comment=True, run_url="https://github.example/run")

    def connect() -> GitHubClient:
        return GitHubClient(TOKEN, fake.url, NAME, seconds_between_writes=0)

    return GitHubPublisher(connect, event, wishes, lambda _: None)


def make_long_result() -> TaskResult:
    """Make a result of which 137 things are to be said: a verdict and 136 gaps."""
    return make_result(missing_lines=list(range(1, 272, 2)), verdict="weak")


def test_annotations_and_summary(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# Earlier\n")
    store(tmp_path / "results", "one", make_result(task_id="v1.a.1"))
    store(tmp_path / "results", "two", make_rejected(task_id="v1.a.2"))
    lines = run_publish(tmp_path / "results", summary)
    assert lines[0].startswith("::notice file=tests/test_prices.py,title=Generated tests for ")
    assert sum(line.startswith("::error ") for line in lines) == 3
    text = summary.read_text()
    assert text.startswith("# Earlier\n## Generated tests\n")
    assert text.count("src/shop/prices.py</code> |") == 2


def test_one_tasks_own_folder(tmp_path: Path) -> None:
    folder = store(tmp_path, "one", make_result())
    agent = folder / "agent"
    agent.mkdir()
    (agent / "result.json").write_text(json.dumps(make_rejected(task_id="v1.a.9")))
    assert len(run_publish(folder)) == 1


def test_outside_of_actions_the_lines_are_plain(tmp_path: Path) -> None:
    store(tmp_path, "one", make_rejected())
    lines = run_publish(tmp_path, in_actions=False)
    assert not any(line.startswith("::") for line in lines)
    assert "error: tests/test_prices.py: test_b failed: assert 1 == 2" in lines


def test_only_the_tasks_that_were_asked_for(tmp_path: Path) -> None:
    store(tmp_path, "one", make_result(task_id="v1.a.1"))
    store(tmp_path, "two", make_rejected(task_id="v1.a.2"))
    (line,) = run_publish(tmp_path, task_ids=("v1.a.1", "v1.a.3"))
    assert "accepted" in line


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"task_id": 5}',
        b'{"task_id": "\n::error::x"}',
        json.dumps({**make_result(), "coverage": "\n::error::pwned"}).encode(),
        json.dumps({**make_result(), "tests": {"cases": None}}).encode(),
        b"[" * 100_000,
    ],
)
def test_a_broken_file_is_a_warning_and_hides_nothing(tmp_path: Path, content: bytes) -> None:
    store(tmp_path, "good", make_result())
    (store(tmp_path, "bad", make_result()) / "result.json").write_bytes(content)
    lines = run_publish(tmp_path)
    assert lines[0].startswith("::warning::")
    assert "bad/result.json cannot be read" in lines[0]
    assert len(lines) == 2
    assert lines[1].startswith("::notice ")


def test_a_folder_in_place_of_a_file_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "odd" / "result.json").mkdir(parents=True)
    warning, notice = run_publish(tmp_path)
    assert warning.startswith("::warning::")
    assert notice.startswith("::notice::There are no results")


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_no_results_is_a_notice(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    lines = run_publish(tmp_path / name, tmp_path / "summary.md")
    assert lines == ["::notice::There are no results of generated tests to publish."]
    assert not (tmp_path / "summary.md").exists()


def test_hostile_results_print_no_command_of_their_own(tmp_path: Path) -> None:
    case = {**CASE_FAILED, "name": HOSTILE, "message": HOSTILE}
    tests = {"total": 40, "passed": 0, "cases": [case] * 40}
    store(tmp_path, "one", make_rejected(module_path=HOSTILE, error=HOSTILE, tests=tests))
    lines = run_publish(tmp_path)
    assert all(line.startswith(("::error ", "::notice ")) for line in lines)
    assert sum(line.startswith("::error ") for line in lines) == 10


def test_the_summary_leaves_room_for_what_stands_there(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("x" * 880_000)
    cases = [{"name": "n", "outcome": "failed", "message": "m" * 5_000}] * 100
    tests = {"total": 100, "passed": 0, "cases": cases}
    for number in range(20):
        store(tmp_path / "r", str(number), make_rejected(task_id=f"v1.a.{number}", tests=tests))
    run_publish(tmp_path / "r", summary)
    assert summary.stat().st_size <= 910_000


def test_a_summary_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    store(tmp_path / "results", "one", make_result())
    lines = run_publish(tmp_path / "results", tmp_path)
    assert lines[-1].startswith("::warning::The job summary could not be written")


def test_on_github_no_annotation_is_printed(tmp_path: Path, github: FakeGitHub) -> None:
    store(tmp_path, "one", make_long_result())
    lines = run_publish(tmp_path, github=make_publisher(github))
    (run,) = github.repository.check_runs
    assert lines == [f"check run: https://github.example/octo/shop/runs/{run.id}"]
    assert len(run.annotations) == 137
    assert run.annotations[9] == {
        "path": "src/shop/prices.py",
        "start_line": 17,
        "end_line": 17,
        "annotation_level": "notice",
        "title": "Not covered",
        "message": "Line 17 is not reached by the generated tests.",
    }


def test_without_the_permission_the_first_ones_are_commands_and_the_rest_is_counted(
    tmp_path: Path, github: FakeGitHub
) -> None:
    github.permissions = frozenset({"pull-requests"})
    summary = tmp_path / "summary.md"
    store(tmp_path / "r", "one", make_long_result())
    sentence, *lines = run_publish(tmp_path / "r", summary, github=make_publisher(github))
    assert sentence == (
        "::notice::No check run: the token lacks the permission `checks: write`. The annotations "
        "stand in this log and in the job summary."
    )
    notices = [line for line in lines if line.startswith("::notice ")]
    # With the sentence ten: GitHub would drop an eleventh notice in silence.
    assert len(notices) == 9
    assert notices[0].endswith("::Line 1 is not reached by the generated tests.")
    assert notices[-1] == "::notice title=Generated tests::128 more in the job summary"
    assert sum(line.startswith("::warning ") for line in lines) == 1
    assert len(lines) == 10
    shown = summary.read_text()
    assert all(f"{line}, " in shown for line in range(1, 270, 2))
    assert "269, 271" in shown


def test_what_a_check_run_did_not_take_is_printed(tmp_path: Path, github: FakeGitHub) -> None:
    github.faults = [GitHubFault("PATCH", status=500, after=1)]
    store(tmp_path, "one", make_long_result())
    lines = run_publish(tmp_path, github=make_publisher(github))
    assert lines[0].startswith("::warning::No check run and no comment: GitHub did not answer")
    assert lines[1].startswith("::notice file=src/shop/prices.py,line=199,")
    assert lines[-1] == "::notice title=Generated tests::28 more in the job summary"


def test_unreadable_results_leave_room_for_annotations(tmp_path: Path) -> None:
    for number in range(20):
        (store(tmp_path, str(number), make_result()) / "result.json").write_bytes(b"{")
    store(tmp_path, "good", make_rejected(warnings=[f"warning {n}" for n in range(20)]))
    lines = run_publish(tmp_path)
    assert sum(line.startswith("::warning") for line in lines) == 10
    assert lines[3] == "::warning::17 more results cannot be read."
    assert any("15 more in the job summary" in line for line in lines)


def deliver(root: Path, github: FakeGitHub) -> list[str]:
    return run_publish(root, github=make_publisher(github, "commit"))


def test_accepted_tests_are_committed(tmp_path: Path, github: FakeGitHub) -> None:
    folder = store(tmp_path, "one", make_result())
    (folder / "delivered.py").write_bytes(b"tests\r\n\xff")
    lines = deliver(tmp_path, github)
    head = github.repository.branches["feature"]
    assert lines[0] == f"delivery: the tests are commit {head[:8]} on feature"
    assert github.repository.read_files("feature")["tests/test_prices.py"] == b"tests\r\n\xff"


def test_a_task_of_its_own_folder(tmp_path: Path, github: FakeGitHub) -> None:
    (store(tmp_path, "one", make_result()) / "delivered.py").write_bytes(b"tests")
    deliver(tmp_path / "one", github)
    assert "tests/test_prices.py" in github.repository.read_files("feature")


@pytest.mark.parametrize(
    "result",
    [
        make_rejected(),
        make_rejected(files=["tests/test_prices.py"]),
        make_result(files=[]),
        make_result(files=["../test_prices.py"]),
        make_result(files=["/etc/test_prices.py"]),
        make_result(files=[".git/config"]),
    ],
)
def test_what_is_not_delivered(tmp_path: Path, github: FakeGitHub, result: TaskResult) -> None:
    (store(tmp_path, "one", result) / "delivered.py").write_bytes(b"tests")
    deliver(tmp_path, github)
    assert github.repository.branches["feature"] == HEAD


def test_a_file_that_is_missing_or_a_link(tmp_path: Path, github: FakeGitHub) -> None:
    store(tmp_path / "r", "missing", make_result())
    linked = store(tmp_path / "r", "linked", make_result(task_id="v1.a.2"))
    (tmp_path / "secret").write_bytes(b"secret")
    (linked / "delivered.py").symlink_to(tmp_path / "secret")
    deliver(tmp_path / "r", github)
    assert github.repository.branches["feature"] == HEAD


def test_tasks_that_were_not_asked_for(tmp_path: Path, github: FakeGitHub) -> None:
    for name in ("a", "b"):
        result = make_result(task_id=f"v1.x.{name}", files=[f"tests/test_{name}.py"])
        (store(tmp_path, name, result) / "delivered.py").write_bytes(b"tests")
    publisher = make_publisher(github, "commit")
    run_publish(tmp_path, task_ids=["v1.x.a"], github=publisher)
    assert "tests/test_a.py" in github.repository.read_files("feature")
    assert "tests/test_b.py" not in github.repository.read_files("feature")


@pytest.mark.parametrize("permitted", [True, False])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_texts_are_no_commands_of_their_own(
    tmp_path: Path, github: FakeGitHub, text: str, permitted: bool
) -> None:
    if not permitted:
        github.permissions = frozenset()
    (store(tmp_path / "r", "one", make_hostile(text)) / "delivered.py").write_bytes(b"tests")
    publisher = make_publisher(github, "commit")
    lines = run_publish(tmp_path / "r", tmp_path / "summary.md", github=publisher)
    ours = ("::notice", "::warning", "::error", "check run: ", "delivery: ")
    assert all(line.startswith(ours) for line in lines)
    assert all(line.isprintable() for line in lines)
    assert not any("##[" in line for line in lines)
    # Half a character is no JSON: such a file is a warning, and there is nothing to sum up.
    summaries = [file.read_bytes() for file in tmp_path.glob("summary.md")]
    assert len(summaries) == (text != TEXTS["surrogates"])
    assert not any(b"\x00" in content for content in summaries)
