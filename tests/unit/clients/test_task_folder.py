"""A task as files: nothing but the agent's work is seen as changed, and the key does not stay."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.clients.task_folder import MAX_FILE_BYTES, TaskFolder, create_task_folder
from openhands_testgen.domain.task import Conclusion, Status, TaskState
from openhands_testgen.errors import BackendError
from tests.fakes.orders import FILES, MODULE, OUTPUT, make_order, make_project

if TYPE_CHECKING:
    from pathlib import Path

RUNNING = TaskState(Status.RUNNING, steps=2, step="reads")


@pytest.fixture
def task(tmp_path: Path) -> TaskFolder:
    (tmp_path / "tasks").mkdir()
    order = make_order(make_project(tmp_path / "project"))
    return create_task_folder(tmp_path / "tasks", order)


def test_the_order_comes_back_without_its_key(task: TaskFolder) -> None:
    order = task.read_order()
    assert (order.assignment.module_path, order.limits.max_iterations) == (MODULE, 20)
    assert "planted-model-key" not in (task.path / "order.json").read_text()


def test_the_key_stays_until_a_server_has_the_task(task: TaskFolder) -> None:
    assert task.read_model().api_key == "planted-model-key"
    assert (task.path / "key").stat().st_mode & 0o077 == 0
    task.mark_posted()
    assert (task.is_posted, task.read_model().api_key) == (True, "")
    assert not (task.path / "key").exists()


@pytest.mark.parametrize("end", [TaskFolder.drop, lambda task: task.fail("no server")])
def test_the_key_goes_with_a_task_that_never_starts(task: TaskFolder, end: object) -> None:
    end(task)  # type: ignore[operator] # one of the two above
    assert task.is_over
    assert not (task.path / "key").exists()


def test_states_come_back_as_they_were_written(task: TaskFolder) -> None:
    assert task.read_state() is None
    task.write_state(RUNNING)
    stored = task.read_state()
    assert stored is not None
    assert (stored.state, stored.failure, task.is_over) == (RUNNING, "", False)


def test_a_failure_keeps_the_last_state(task: TaskFolder) -> None:
    task.write_state(RUNNING)
    task.fail("the server is gone")
    stored = task.read_state()
    assert stored is not None
    assert (stored.state, stored.failure, task.is_over) == (RUNNING, "the server is gone", True)


def test_a_dropped_task_was_cancelled(task: TaskFolder) -> None:
    task.drop()
    stored = task.read_state()
    assert stored is not None
    assert stored.state.conclusion is Conclusion.CANCELLED


@pytest.mark.parametrize("name", ["order.json", "state.json"])
def test_a_damaged_file_is_named(task: TaskFolder, name: str) -> None:
    (task.path / name).write_text("{")
    with pytest.raises(BackendError, match=r"cannot be read; submit again"):
        task.read_order() if name == "order.json" else task.read_state()


def test_a_fresh_copy_has_no_changes(task: TaskFolder) -> None:
    assert task.list_changes(OUTPUT) == ()
    assert (task.repository / MODULE).read_bytes() == FILES[MODULE]


def test_changes_are_listed_byte_for_byte_the_output_first(task: TaskFolder) -> None:
    root = task.repository
    (root / OUTPUT).write_bytes(b"no newline at the end \xc3\xa9")
    (root / MODULE).write_bytes(b"changed\n")
    (root / "tests/test_old.py").unlink()
    (root / "a.txt").write_bytes(b"")
    changes = {file.path: (file.content, file.problem) for file in task.list_changes(OUTPUT)}
    assert list(changes) == [OUTPUT, "a.txt", MODULE, "tests/test_old.py"]
    assert changes[OUTPUT] == (b"no newline at the end \xc3\xa9", "")
    assert changes["tests/test_old.py"] == (None, "deleted")


def test_links_and_special_files_are_named_and_not_followed(task: TaskFolder) -> None:
    root = task.repository
    (root / OUTPUT).symlink_to("/etc/passwd")
    (root / "folder").symlink_to("/etc")
    os.mkfifo(root / "pipe")
    (root / "huge").write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    changes = {file.path: (file.content, file.problem) for file in task.list_changes(OUTPUT)}
    assert changes == {
        OUTPUT: (None, "a link or a special file"),
        "folder": (None, "a link or a special file"),
        "pipe": (None, "a link or a special file"),
        "huge": (None, f"larger than {MAX_FILE_BYTES} bytes"),
    }


def test_traces_of_running_tests_are_no_changes(task: TaskFolder) -> None:
    for folder in (".git", "src/shop/__pycache__", ".pytest_cache"):
        (task.repository / folder).mkdir(parents=True)
        (task.repository / folder / "x").write_bytes(b"x")
    assert task.list_changes(OUTPUT) == ()


def test_the_same_order_again_changes_nothing(tmp_path: Path, task: TaskFolder) -> None:
    (task.repository / OUTPUT).write_bytes(b"work")
    order = make_order(make_project(tmp_path / "project"))
    assert create_task_folder(tmp_path / "tasks", order) == task
    assert [file.path for file in task.list_changes(OUTPUT)] == [OUTPUT]


def test_another_order_under_the_same_id_is_refused(tmp_path: Path, task: TaskFolder) -> None:
    order = make_order(make_project(tmp_path / "project"), tags={"order": "another"})
    with pytest.raises(BackendError, match="Another task runs under the id"):
        create_task_folder(tmp_path / "tasks", order)
    assert [path.name for path in (tmp_path / "tasks").iterdir()] == [task.conversation_id]


def test_an_order_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    snapshot = make_project(tmp_path / "project")
    (tmp_path / "project" / MODULE).unlink()
    with pytest.raises(FileNotFoundError):
        create_task_folder(tmp_path / "tasks", make_order(snapshot))
    assert list((tmp_path / "tasks").iterdir()) == []
