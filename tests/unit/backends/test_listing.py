"""What an agent left different, told by a real shell in a real repository."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.backends.listing import (
    MAX_LISTED,
    Entry,
    Kind,
    parse_listing,
    render_command,
)

if TYPE_CHECKING:
    from pathlib import Path

OUTPUT = "tests/test [a].py"
LIMIT_BYTES = 10
pytestmark = pytest.mark.skipif(not shutil.which("stat"), reason="GNU tools of a Linux server")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "a repository"
    for name in ("kept.py", "changed.py", "gone.py", "linked.py", "folder/inner.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("old\n")
    (folder / ".gitignore").write_text("tests/\n*.log\n")
    git(folder, "init", "-q")
    git(folder, "add", "-A", "-f")
    git(folder, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "-m", "base")
    git(folder, "tag", "base")
    (folder / "tests").mkdir()
    return folder


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True)


def find(repository: Path, output: str = OUTPUT) -> dict[str, Kind]:
    done = subprocess.run(
        ["sh", "-c", render_command(str(repository), "base", output, LIMIT_BYTES)],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return {entry.path: entry.kind for entry in parse_listing(done.stdout)}


def test_nothing_has_changed(repository: Path) -> None:
    assert find(repository) == {}
    assert find(repository, output="kept.py") == {}


def test_files_of_all_kinds(repository: Path) -> None:
    (repository / "changed.py").write_text("new\n")
    (repository / "gone.py").unlink()
    (repository / "linked.py").unlink()
    (repository / "linked.py").symlink_to("kept.py")
    (repository / "loop").symlink_to("loop")
    (repository / "large").write_bytes(b"x" * (LIMIT_BYTES + 1))
    (repository / "full").write_bytes(b"x" * LIMIT_BYTES)
    (repository / "empty").touch()
    os.mkfifo(repository / "pipe")
    assert find(repository) == {
        "changed.py": Kind.PLAIN,
        "gone.py": Kind.DELETED,
        "linked.py": Kind.OTHER,
        "loop": Kind.OTHER,
        "large": Kind.OTHER,
        "full": Kind.PLAIN,
        "empty": Kind.PLAIN,
    }


@pytest.mark.parametrize(
    "name", ["ünïcode 🜂.py", "quo'te\".py", "back\\slash", "-rf", "$(id)", "a\nb"]
)
def test_names_come_as_they_are(repository: Path, name: str) -> None:
    (repository / name).touch()
    assert find(repository) == {name: Kind.PLAIN}


def test_an_ignored_output_is_listed_and_other_ignored_files_are_not(repository: Path) -> None:
    (repository / OUTPUT).touch()
    (repository / "tests" / "test a.py").touch()
    (repository / "noise.log").touch()
    assert find(repository) == {OUTPUT: Kind.PLAIN}


def test_what_the_agent_committed_or_staged_counts_too(repository: Path) -> None:
    (repository / "staged.py").touch()
    git(repository, "add", "staged.py")
    (repository / "kept.py").write_text("new\n")
    git(repository, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qam", "mine")
    assert find(repository) == {"staged.py": Kind.PLAIN, "kept.py": Kind.PLAIN}


def test_a_folder_that_became_a_link_leads_nowhere(repository: Path, tmp_path: Path) -> None:
    shutil.rmtree(repository / "folder")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "inner.py").write_text("new\n")
    (repository / "folder").symlink_to(tmp_path / "elsewhere")
    found = find(repository, output="folder/inner.py")
    assert Kind.PLAIN not in found.values()
    assert found["folder"] is Kind.OTHER


@pytest.mark.parametrize("present", [True, False])
def test_of_a_broken_repository_the_output_is_listed(repository: Path, *, present: bool) -> None:
    shutil.rmtree(repository / ".git")
    (repository / "other.py").touch()
    if present:
        (repository / OUTPUT).touch()
    assert find(repository) == ({OUTPUT: Kind.PLAIN} if present else {})


def test_the_list_has_an_end(repository: Path) -> None:
    for number in range(MAX_LISTED + 1):
        (repository / f"{number}").touch()
    (repository / OUTPUT).touch()
    found = find(repository)
    assert len(found) == MAX_LISTED
    assert OUTPUT in found


def test_a_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    command = render_command(str(tmp_path / "gone"), "base", OUTPUT, LIMIT_BYTES)
    assert subprocess.run(["sh", "-c", command], capture_output=True, check=False).returncode


def test_each_path_is_listed_once() -> None:
    text = "P\0a\0D\0b\0P\0a\0what\0c\0cut"
    assert parse_listing(text) == [
        Entry("a", Kind.PLAIN),
        Entry("b", Kind.DELETED),
        Entry("c", Kind.OTHER),
    ]
    assert parse_listing("") == []
