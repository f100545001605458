"""What a fake GitHub keeps of one repository: commits, branches, check runs, comments, pulls."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field

HEAD = "a" * 40
MOVED = "b" * 40


def make_hash(*parts: object) -> str:
    """Make a hash from content, as git does: the same content has the same one."""
    return hashlib.sha1(json.dumps(parts, sort_keys=True).encode()).hexdigest()  # noqa: S324 - git's own


@dataclass
class FakeCommit:
    """A commit; ``tree`` is the hash of a tree."""

    tree: str
    message: str
    parents: list[str] = field(default_factory=list)


@dataclass
class FakeCheckRun:
    """A check run with all the annotations that it was ever sent."""

    id: int
    head_sha: str
    fields: dict[str, object]
    annotations: list[dict[str, object]] = field(default_factory=list)


@dataclass
class FakeComment:
    """A comment, by a bot or by somebody else."""

    id: int
    issue: int
    body: str
    user_type: str = "Bot"
    association: str = "NONE"
    edits: int = 0


@dataclass
class FakePull:
    """A pull request from a branch of the repository to another one."""

    number: int
    head: str
    base: str
    title: str
    body: str
    state: str = "open"


class FakeRepository:
    """The state; a branch ``feature`` at ``HEAD`` stands on ``main``."""

    def __init__(self) -> None:
        """Start with two files in one commit on two branches."""
        self.blobs: dict[str, bytes] = {}
        self.trees: dict[str, dict[str, str]] = {}
        self.commits: dict[str, FakeCommit] = {}
        self.branches: dict[str, str] = {}
        self.check_runs: list[FakeCheckRun] = []
        self.comments: list[FakeComment] = []
        self.pulls: list[FakePull] = []
        self._count = 0
        files = {"README.md": b"# Shop\n", "src/shop/prices.py": b"def f(): ...\n"}
        tree = self.add_tree("", {path: self.add_blob(content) for path, content in files.items()})
        self.commits[HEAD] = FakeCommit(tree, "Start")
        self.branches = {"main": HEAD, "feature": HEAD}

    def count(self) -> int:
        """Return a number that nothing else has."""
        self._count += 1
        return self._count

    def add_blob(self, content: bytes) -> str:
        """Keep bytes."""
        sha = make_hash("blob", base64.b64encode(content).decode())
        self.blobs[sha] = content
        return sha

    def add_tree(self, base: str, entries: dict[str, str]) -> str:
        """Keep a tree: the base's entries and these over them."""
        tree = {**self.trees.get(base, {}), **entries}
        sha = make_hash("tree", tree)
        self.trees[sha] = tree
        return sha

    def add_commit(self, tree: str, message: str, parents: list[str]) -> str:
        """Keep a commit; the time makes each another one."""
        sha = make_hash("commit", tree, message, parents, self.count())
        self.commits[sha] = FakeCommit(tree, message, parents)
        return sha

    def push(self, branch: str, message: str = "Somebody's", **files: bytes) -> str:
        """Commit files on a branch as somebody else would, and return the commit."""
        head = self.branches[branch]
        blobs = {f"{name}.py": self.add_blob(content) for name, content in files.items()}
        tree = self.add_tree(self.commits[head].tree, blobs)
        self.branches[branch] = self.add_commit(tree, message, [head])
        return self.branches[branch]

    def is_above(self, ancestor: str, sha: str) -> bool:
        """Whether a commit stands on another one, or is it."""
        waiting = [sha]
        while waiting:
            one = waiting.pop()
            if one == ancestor:
                return True
            waiting += self.commits[one].parents
        return False

    def read_files(self, branch: str) -> dict[str, bytes]:
        """Return a branch's files by path."""
        tree = self.trees[self.commits[self.branches[branch]].tree]
        return {path: self.blobs[sha] for path, sha in tree.items()}
