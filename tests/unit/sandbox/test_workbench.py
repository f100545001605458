"""The copy of the project: what is in it, what leads out of it, and that nothing is left."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from openhands_testgen.errors import ConfigurationError
from openhands_testgen.sandbox import workbench
from openhands_testgen.sandbox.workbench import (
    Workbench,
    copy_project,
    digest_file,
    find_package_folders,
    open_workbench,
    read_foreign,
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("src/shop/__init__.py", "src/shop/prices.py", "setup.py", "a b/ü.txt"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def copy(project: Path, *left_out: Path) -> list[str]:
    target = project.parent / "copy"
    target.mkdir()
    copy_project(project, target, left_out)
    return sorted(
        path.relative_to(target).as_posix() for path in target.rglob("*") if not path.is_dir()
    )


PLAIN = ["a b/ü.txt", "setup.py", "src/shop/__init__.py", "src/shop/prices.py"]


def test_a_copy_is_the_project(project: Path) -> None:
    (project / "setup.py").chmod(0o755)
    assert copy(project) == PLAIN
    copied = project.parent / "copy" / "setup.py"
    assert copied.read_text() == "setup.py"
    assert copied.stat().st_mode & 0o111


@pytest.mark.parametrize(
    "name", [".git", ".venv", "node_modules", "src/__pycache__", ".testgen-results", "src/.tox"]
)
def test_caches_stay_behind(project: Path, name: str) -> None:
    (project / name).mkdir(parents=True)
    (project / name / "file").touch()
    assert copy(project) == PLAIN


def test_virtual_environments_of_any_name_stay_behind(project: Path) -> None:
    (project / "env").mkdir()
    (project / "env" / "pyvenv.cfg").touch()
    assert copy(project) == PLAIN


def test_what_is_named_stays_behind(project: Path) -> None:
    (project / "results").mkdir()
    (project / "results" / "file").touch()
    assert copy(project, project / "results") == PLAIN


def test_links_inside_are_copied_and_lead_to_the_copy(project: Path) -> None:
    (project / "link.py").symlink_to(project / "setup.py")
    (project / "folder").symlink_to("src/shop")
    assert copy(project) == sorted([*PLAIN, "link.py"])
    target = project.parent / "copy"
    assert (target / "link.py").resolve() == target / "setup.py"
    assert (target / "folder").resolve() == target / "src" / "shop"


def test_links_that_lead_out_stay_behind(project: Path) -> None:
    (project.parent / "secret").touch()
    for name, target in (
        ("absolute", project.parent / "secret"),
        ("relative", Path("../secret")),
        ("up", Path("..")),
        ("broken", Path("nowhere")),
    ):
        (project / name).symlink_to(target)
    assert copy(project) == PLAIN


def test_what_is_no_plain_file_stays_behind(project: Path) -> None:
    os.mkfifo(project / "pipe")
    assert copy(project) == PLAIN


@pytest.mark.parametrize(("name", "limit"), [("MAX_FILES", 3), ("MAX_BYTES", 20)])
def test_too_much_is_refused(
    project: Path, name: str, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbench, name, limit)
    with pytest.raises(ConfigurationError, match=r"^working-directory: .*name a smaller folder"):
        copy(project)


def test_package_folders(project: Path) -> None:
    assert find_package_folders(project) == {"src/shop"}
    (project / "__init__.py").touch()
    assert find_package_folders(project) == {"src/shop", ""}


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    made = Workbench(tmp_path / "bench")
    made.project.mkdir(parents=True)
    return made


def test_a_file_takes_the_place_of_what_stands_there(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"kept")
    (bench.project / "link.py").symlink_to(tmp_path / "outside")
    bench.put("link.py", b"new")
    bench.put("new/folder/test_x.py", b"x")
    assert (tmp_path / "outside").read_bytes() == b"kept"
    assert (bench.project / "link.py").read_bytes() == b"new"
    assert (bench.project / "new/folder/test_x.py").read_bytes() == b"x"


@pytest.mark.parametrize("path", ["out/test_x.py", "../test_x.py"])
def test_no_file_is_put_outside(bench: Workbench, tmp_path: Path, path: str) -> None:
    (bench.project / "out").symlink_to(tmp_path)
    with pytest.raises(ConfigurationError, match=r"^output: .* leads out of the project"):
        bench.put(path, b"x")


def test_only_plain_files_of_sane_size_are_read(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"12345")
    (tmp_path / "link").symlink_to(plain)
    os.mkfifo(tmp_path / "pipe")
    assert read_foreign(plain, 5) == b"12345"
    assert read_foreign(plain, 4) is None
    for name in ("link", "pipe", "none", "."):
        assert read_foreign(tmp_path / name, 100) is None


def test_digests_tell_changes(tmp_path: Path) -> None:
    file = tmp_path / "file"
    assert digest_file(file) == ""
    file.write_bytes(b"1")
    first = digest_file(file)
    file.write_bytes(b"2")
    assert len({"", first, digest_file(file)}) == 3


@pytest.mark.anyio
async def test_nothing_is_left_even_of_what_is_hard_to_remove(
    project: Path, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    async with open_workbench(project, scratch=scratch) as bench:
        assert (bench.project / "setup.py").read_text() == "setup.py"
        assert all(folder.is_dir() for folder in (*bench.writable, bench.ours))
        assert bench.ours not in bench.writable
        locked = bench.project / "locked" / "inner"
        locked.mkdir(parents=True)
        (locked / "file").touch()
        locked.chmod(0o000)
        locked.parent.chmod(0o500)
        (bench.home / "link").symlink_to(project)
    assert list(scratch.iterdir()) == []
    assert (project / "setup.py").exists()


@pytest.mark.anyio
async def test_nothing_is_left_of_a_copy_that_is_cancelled(project: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    async def use() -> None:
        async with open_workbench(project, scratch=scratch):
            await asyncio.Event().wait()

    using = asyncio.create_task(use())
    while not list(scratch.iterdir()):
        await asyncio.sleep(0)
    using.cancel()
    with pytest.raises(asyncio.CancelledError):
        await using
    assert list(scratch.iterdir()) == []


@pytest.mark.anyio
async def test_nothing_is_left_of_a_copy_that_is_too_large(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(workbench, "MAX_FILES", 1)
    with pytest.raises(ConfigurationError, match="too much to copy"):
        async with open_workbench(project, scratch=scratch):
            pass
    assert list(scratch.iterdir()) == []
