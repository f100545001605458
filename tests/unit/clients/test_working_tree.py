"""The project's folder: what is inside, what is shared, what is written."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.clients.working_tree import WorkingTree
from openhands_testgen.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> WorkingTree:
    root = tmp_path / "my project"
    (root / "src").mkdir(parents=True)
    (root / "src" / "a.py").write_bytes(b"A = 1\n")
    (tmp_path / "outside.py").write_bytes(b"SECRET = 1\n")
    return WorkingTree(root)


@pytest.mark.parametrize(
    ("text", "path"),
    [("src/a.py", "src/a.py"), ("./src/../src/a.py", "src/a.py"), ("new/b.py", "new/b.py")],
)
def test_locates_paths_inside(tree: WorkingTree, text: str, path: str) -> None:
    assert tree.locate(text, "module") == path


def test_locates_absolute_paths_inside(tree: WorkingTree) -> None:
    assert tree.locate(str(tree.root / "src" / "a.py"), "module") == "src/a.py"


@pytest.mark.parametrize("text", ["../outside.py", "/etc/passwd", "src/../../outside.py"])
def test_refuses_paths_outside(tree: WorkingTree, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^module: .*outside the working directory"):
        tree.locate(text, "module")


def test_refuses_a_folder_that_leads_out(tree: WorkingTree) -> None:
    (tree.root / "link").symlink_to(tree.root.parent)
    with pytest.raises(ConfigurationError, match="outside the working directory"):
        tree.locate("link/outside.py", "module")


def test_refuses_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^working-directory: there is no folder"):
        WorkingTree(tmp_path / "none")


def run_git(tree: WorkingTree, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=tree.root, check=True, capture_output=True)


def test_snapshot_is_what_git_sees(tree: WorkingTree) -> None:
    run_git(tree, "init", "-q")
    (tree.root / ".gitignore").write_text("*.log\n.env\n")
    (tree.root / ".env").write_text("KEY=planted\n")
    (tree.root / "run.log").write_text("x")
    (tree.root / "gone.py").write_text("x")
    (tree.root / "ünï code.py").write_text("x")
    run_git(tree, "add", ".gitignore", "src/a.py", "gone.py")
    (tree.root / "gone.py").unlink()
    (tree.root / "link.py").symlink_to("../outside.py")
    snapshot = tree.take_snapshot()
    assert snapshot.paths == (".gitignore", "src/a.py", "ünï code.py")


def test_snapshot_without_git_leaves_caches_out(tree: WorkingTree) -> None:
    (tree.root / "node_modules").mkdir()
    (tree.root / "node_modules" / "x.js").write_text("x")
    assert tree.take_snapshot().paths == ("src/a.py",)


def test_snapshot_of_a_subfolder_of_a_repository(tree: WorkingTree) -> None:
    run_git(tree, "init", "-q")
    assert WorkingTree(tree.root / "src").take_snapshot().paths == ("a.py",)


def test_digest_follows_names_and_contents(tree: WorkingTree) -> None:
    before = tree.take_snapshot().digest
    assert tree.take_snapshot().digest == before
    (tree.root / "src" / "a.py").write_bytes(b"A = 2\n")
    changed = tree.take_snapshot().digest
    (tree.root / "src" / "a.py").rename(tree.root / "src" / "b.py")
    assert len({before, changed, tree.take_snapshot().digest}) == 3


def test_writes_whole_files_with_their_folders(tree: WorkingTree) -> None:
    tree.write("tests/unit/test_a.py", b"x = 1\n")
    written = tree.root / "tests" / "unit" / "test_a.py"
    assert written.read_bytes() == b"x = 1\n"
    assert [path.name for path in written.parent.iterdir()] == ["test_a.py"]


def test_never_writes_through_a_link(tree: WorkingTree) -> None:
    (tree.root / "test_a.py").symlink_to("../outside.py")
    tree.write("test_a.py", b"new")
    assert not (tree.root / "test_a.py").is_symlink()
    assert (tree.root.parent / "outside.py").read_bytes() == b"SECRET = 1\n"
    (tree.root / "tests").symlink_to(tree.root.parent)
    with pytest.raises(ConfigurationError, match="leads out"):
        tree.write("tests/test_b.py", b"x")
    assert not (tree.root.parent / "test_b.py").exists()


@pytest.mark.parametrize("path", ["a.py/test_x.py", "taken", "/dev/null/x.py"])
def test_what_cannot_be_written_is_named_and_leaves_nothing(tmp_path: Path, path: str) -> None:
    (tmp_path / "a.py").write_bytes(b"x")
    (tmp_path / "taken").mkdir()
    with pytest.raises(ConfigurationError, match=r"^output: "):
        WorkingTree(tmp_path).write(path, b"y")
    assert sorted(found.name for found in tmp_path.rglob("*")) == ["a.py", "taken"]
