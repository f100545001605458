"""The patch: git takes it, whatever stands in the files and their names."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.reporting.patch import render_patch

if TYPE_CHECKING:
    from pathlib import Path

OUTPUT = "tests/test_prices.py"


@pytest.mark.parametrize(
    "after",
    [b"one\n", b"one\ntwo", b"a\x0cb\r\nc\n", "ö\u2028x\n".encode(), b"# \xff\n", b"\x00\x1b[31m"],
)
def test_git_applies_the_patch_of_a_new_file(tmp_path: Path, after: bytes) -> None:
    apply(tmp_path, render_patch(OUTPUT, None, after))
    assert (tmp_path / OUTPUT).read_bytes() == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\nb\n", b"a\nc\n"),
        (b"a", b"a\n"),
        (b"", b"a\nb\n"),
        (b"a\nb", b""),
        (b"x\n" * 50, b"x\n" * 49),
        (b"x\n" * 2_100, b"y\nx\n" * 2_000),
        (b"x\n" * 2_100, b"y\n" * 2_000 + b"y"),
    ],
)
@pytest.mark.parametrize(
    "path", [OUTPUT, "a b/test c.py", "ö/test_ü.py", 'q"u/test\\x.py', "\N{HIRAGANA LETTER A}.py"]
)
def test_git_applies_the_patch_of_a_changed_file(
    tmp_path: Path, path: str, before: bytes, after: bytes
) -> None:
    file = tmp_path / path
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(before)
    apply(tmp_path, render_patch(path, before, after))
    assert file.read_bytes() == after


def apply(folder: Path, patch: bytes) -> None:
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    subprocess.run(command, cwd=folder, input=patch, check=True)


@pytest.mark.parametrize(("before", "after"), [(None, None), (b"a", None), (b"a", b"a")])
def test_no_patch_where_nothing_changed_or_nothing_is_there(
    before: bytes | None, after: bytes | None
) -> None:
    assert render_patch(OUTPUT, before, after) == b""
