"""Lanes: what a run changes is told, and undone before the next one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

import pytest

from openhands_testgen.sandbox.python import RunLimits, SandboxedPython
from openhands_testgen.sandbox.workbench import open_workbench
from openhands_testgen.verification.lane import Lane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from openhands_testgen.sandbox.interpreter import Interpreter

pytestmark = pytest.mark.anyio
FILES = {"a.py": "A = 1\n", "data/b.txt": "b", "data/c.txt": "c"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def lane(tmp_path: Path) -> AsyncIterator[Lane]:
    project = tmp_path / "project"
    for name, text in FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    async with open_workbench(project, scratch=tmp_path) as bench:
        nobody = cast("Interpreter", None)  # nothing is run here
        made = Lane(SandboxedPython(nobody, bench, RunLimits(), {}), project, ())
        made.put("test_a.py", b"def test(): pass\n")
        yield made


def list_files(lane: Lane) -> dict[str, str]:
    project = lane.python.bench.project
    found = sorted(path for path in project.rglob("*") if path.is_file())
    return {path.relative_to(project).as_posix(): path.read_text() for path in found}


WHOLE = {**FILES, "test_a.py": "def test(): pass\n"}


async def test_nothing_has_changed_at_first(lane: Lane) -> None:
    assert lane.find_changes() == ()
    assert list_files(lane) == WHOLE


@pytest.mark.parametrize("name", ["a.py", "data/b.txt", "test_a.py"])
async def test_a_changed_file_is_told_and_restored(lane: Lane, name: str) -> None:
    path = lane.python.bench.project / name
    times = path.stat()
    path.write_text("X" * times.st_size)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert lane.find_changes() == (name,)
    lane.reset()
    assert list_files(lane) == WHOLE
    assert lane.find_changes() == ()


async def test_a_removed_file_is_told_and_restored(lane: Lane) -> None:
    (lane.python.bench.project / "a.py").unlink()
    assert lane.find_changes() == ("a.py",)
    lane.reset()
    assert list_files(lane) == WHOLE


async def test_the_same_content_is_no_change(lane: Lane) -> None:
    (lane.python.bench.project / "a.py").write_text(FILES["a.py"])
    assert lane.find_changes() == ()


async def test_new_files_are_no_change_unless_they_change_how_tests_run(lane: Lane) -> None:
    project = lane.python.bench.project
    for name in ("new.txt", "data/conftest.py", "x.pth"):
        (project / name).write_text("")
    assert sorted(lane.find_changes()) == ["data/conftest.py", "x.pth"]
    lane.reset()
    assert list_files(lane) == WHOLE


async def test_data_can_be_kept_code_cannot(lane: Lane) -> None:
    project = lane.python.bench.project
    for name in ("new.txt", "new.py", "conftest.py"):
        (project / name).write_text("")
    (project / "link").symlink_to("/")
    (lane.python.bench.temporary / "left").write_text("")
    lane.reset(keeps_data=True)
    assert list_files(lane) == {**WHOLE, "new.txt": ""}
    assert not (project / "link").is_symlink()
    assert (lane.python.bench.temporary / "left").exists()
    lane.reset()
    assert list_files(lane) == WHOLE
    assert not (lane.python.bench.temporary / "left").exists()


async def test_what_was_locked_is_restored(lane: Lane) -> None:
    project = lane.python.bench.project
    (project / "data").chmod(0)
    (project / "new").mkdir(mode=0)
    lane.reset()
    assert list_files(lane) == WHOLE


async def test_the_judged_file_can_be_put_anew(lane: Lane) -> None:
    lane.put("test_a.py", b"def test_b(): pass\n")
    assert lane.find_changes() == ()
    (lane.python.bench.project / "a.py").write_text("changed")
    lane.reset()
    assert list_files(lane)["test_a.py"] == "def test_b(): pass\n"


async def test_limits_are_of_one_run(lane: Lane) -> None:
    limited = lane.limit(7.4)
    assert (limited.limits.timeout_seconds, limited.limits.cpu_seconds) == (7.4, 7)
    assert lane.python.limits == RunLimits()
