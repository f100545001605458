"""Files that are compiled once, and only as long as they stand as they did."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.verification.inside.account import MAX_FILES
from openhands_testgen.verification.inside.library import Library

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "project" / "a.py"
    path.parent.mkdir()
    path.write_text("value = 1\n")
    return path


def run(library: Library, path: Path) -> object:
    code = library.find(str(path))
    assert code is not None
    assert code.co_filename == str(path)
    space: dict[str, object] = {}
    exec(code, space)  # noqa: S102 - written above
    return space["value"]


def test_what_was_loaded_is_found(file: Path) -> None:
    library = Library(str(file.parent))
    assert library.find(str(file)) is None
    assert library.learn([str(file)])
    assert not library.learn([str(file), f"{file}c", "elsewhere"])
    assert run(library, file) == 1


def test_what_has_changed_is_not(file: Path) -> None:
    library = Library(str(file.parent))
    library.learn([str(file)])
    file.write_text("value = 12\n")
    assert library.find(str(file)) is None
    library.learn([str(file)])
    assert library.find(str(file)) is None


def test_what_is_gone_is_not(file: Path) -> None:
    library = Library(str(file.parent))
    library.learn([str(file)])
    file.unlink()
    assert library.find(str(file)) is None


@pytest.mark.parametrize("content", [b"value = \n", b"\0", b"\xff", b"(" * 10_000])
def test_what_cannot_be_compiled_is_left_to_who_loads_it(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    library = Library(str(file.parent))
    library.learn([str(file)])
    assert library.find(str(file)) is None


def test_what_stands_elsewhere_is_not_read(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text("value = 2\n")
    link = file.with_name("link.py")
    link.symlink_to(other)
    pipe = file.with_name("pipe.py")
    os.mkfifo(pipe)
    library = Library(str(file.parent))
    library.learn([str(other), str(link), str(pipe), f"{file.parent}/../other.py"])
    assert library.find(str(other)) is None
    assert library.find(str(link)) is None


@pytest.mark.parametrize("said", [None, 1, "a", {"a": 1}, [1, None, [], "\0"], ["x"] * 9])
def test_nonsense_teaches_nothing(file: Path, said: object) -> None:
    library = Library(str(file.parent))
    library.learn(said)
    library.learn([str(file)])
    assert run(library, file) == 1


def test_no_more_is_kept_than_is_of_use(file: Path) -> None:
    library = Library(str(file.parent))
    library.learn([f"{file.parent}/{number}.py" for number in range(MAX_FILES)])
    library.learn([str(file)])
    assert library.find(str(file)) is None
