"""The engine's own copy of the program: whole, made once, another one for other content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhands_testgen.clients.program import keep_program

if TYPE_CHECKING:
    from pathlib import Path


def make_checkout(root: Path, text: str = "x") -> Path:
    for name in ("runner/package/module.py", "runner/environment", "locks/engine.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "runner/package/__pycache__").mkdir(exist_ok=True)
    (root / "runner/package/__pycache__/module.pyc").write_text("bytecode")
    (root / "runner/environment").chmod(0o755)
    return root


def list_files(folder: Path) -> set[str]:
    return {one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()}


def test_the_copy_is_whole_and_can_be_run(tmp_path: Path) -> None:
    kept = keep_program(make_checkout(tmp_path / "checkout"), tmp_path)
    assert list_files(kept) == {
        "runner/package/module.py",
        "runner/environment",
        "locks/engine.txt",
    }
    assert (kept / "runner/environment").stat().st_mode & 0o100


def test_it_is_made_once_for_the_same_content(tmp_path: Path) -> None:
    checkout = make_checkout(tmp_path / "checkout")
    kept = keep_program(checkout, tmp_path)
    (kept / "mark").touch()
    assert keep_program(checkout, tmp_path) == kept
    assert (kept / "mark").exists()


def test_other_content_is_another_copy(tmp_path: Path) -> None:
    kept = keep_program(make_checkout(tmp_path / "checkout"), tmp_path)
    other = keep_program(make_checkout(tmp_path / "checkout", "y"), tmp_path)
    assert other != kept
    assert (other / "locks/engine.txt").read_text() == "y"
