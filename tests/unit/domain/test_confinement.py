"""Only the one test file is taken."""

from __future__ import annotations

import pytest

from openhands_testgen.domain.confinement import MAX_TEST_FILE_BYTES, confine
from openhands_testgen.domain.task import ChangedFile

OUTPUT = "tests/test_a.py"


def test_takes_the_output_and_drops_the_rest() -> None:
    files = [
        ChangedFile(OUTPUT, b"x = 1\n"),
        ChangedFile("tests/conftest.py", b"evil"),
        ChangedFile("src/a.py", b"pass"),
    ]
    taken = confine(files, OUTPUT)
    assert taken.content == b"x = 1\n"
    assert taken.reason == ""
    assert [path for path, _ in taken.dropped] == ["tests/conftest.py", "src/a.py"]
    assert {reason for _, reason in taken.dropped} == {
        "outside the one file that the task may write"
    }


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (ChangedFile(OUTPUT, None), "deleted"),
        (ChangedFile(OUTPUT, None, "a link"), "a link"),
        (ChangedFile(OUTPUT, b"a\0b"), "binary"),
        (ChangedFile(OUTPUT, b"x" * (MAX_TEST_FILE_BYTES + 1)), "more than the 1000000 allowed"),
    ],
)
def test_says_why_the_output_was_not_taken(file: ChangedFile, reason: str) -> None:
    taken = confine([file], OUTPUT)
    assert taken.content is None
    assert OUTPUT in taken.reason
    assert reason in taken.reason


def test_no_file_at_all() -> None:
    assert confine([], OUTPUT).reason == f"the agent left no file at {OUTPUT}"


@pytest.mark.parametrize("path", ["tests/./test_a.py", "Tests/test_a.py", "../tests/test_a.py"])
def test_other_spellings_of_the_path_are_other_files(path: str) -> None:
    assert confine([ChangedFile(path, b"x")], OUTPUT).content is None
