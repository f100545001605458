"""A lane: one copy of the project, which every run finds as the first one did."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from openhands_testgen.sandbox.workbench import copy_project, read_foreign, remove_tree
from openhands_testgen.verification.configuration import is_code, is_configuration
from openhands_testgen.verification.manifest import Mark, take_manifest

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from openhands_testgen.sandbox.python import SandboxedPython

MAX_COMPARED_BYTES = 100_000_000


@dataclass(slots=True)
class Lane:
    """An interpreter on a copy of its own. ``project`` is the original of the copy.

    Judged code may write into the copy; what it leaves is undone before the next run, so that no
    run can prepare another (a ``conftest.py``, a ``sitecustomize.py``, a module written anew).
    """

    python: SandboxedPython
    project: Path
    left_out: Collection[Path]
    _put: dict[str, bytes] = field(default_factory=dict)
    _manifest: dict[str, Mark] = field(default_factory=dict)

    def put(self, path: str, content: bytes) -> None:
        """Put a file into the copy, in place of what stands there."""
        self._put[path] = content
        self._repair()
        self.python.bench.put(path, content)
        self._manifest = take_manifest(self.python.bench.project)

    def limit(self, seconds: float) -> SandboxedPython:
        """Return the interpreter with a limit on the time of each run."""
        limits = replace(
            self.python.limits, timeout_seconds=seconds, cpu_seconds=max(1, round(seconds))
        )
        return replace(self.python, limits=limits)

    def find_changes(self) -> tuple[str, ...]:
        """Return the files that have another content than before, or none.

        New files count where they change how tests are run.
        """
        now = take_manifest(self.python.bench.project)
        touched = [path for path, mark in self._manifest.items() if now.get(path) != mark]
        added = [path for path in now if path not in self._manifest and is_configuration(path)]
        return (*(path for path in touched if self._is_changed(path)), *added)

    def reset(self, *, keeps_data: bool = False) -> None:
        """Bring the copy and the folders around it back to what they were.

        With ``keeps_data`` new plain files stay, but for code: what tests left there as their data
        must not make them fail.
        """
        bench = self.python.bench
        for folder in bench.writable:
            if folder != bench.project and not keeps_data:
                remove_tree(folder)
                folder.mkdir()
        self._repair(keeps_data=keeps_data)

    def _repair(self, *, keeps_data: bool = False) -> None:
        if not self._manifest:
            return
        project = self.python.bench.project
        now = take_manifest(project)
        if now == self._manifest:
            return
        if any(now.get(path) != mark for path, mark in self._manifest.items()):
            remove_tree(project)
            project.mkdir()
            copy_project(self.project.resolve(), project, self.left_out)
            for path, content in self._put.items():
                self.python.bench.put(path, content)
        else:
            for path in now.keys() - self._manifest.keys():
                if not keeps_data or is_code(path) or (project / path).is_symlink():
                    remove_tree(project / path)
        if not keeps_data:
            self._manifest = take_manifest(project)

    def _is_changed(self, path: str) -> bool:
        was = self._put.get(path)
        if was is None:
            was = read_foreign(self.project / path, MAX_COMPARED_BYTES)
        return was is not None and read_foreign(self._in_copy(path), MAX_COMPARED_BYTES) != was

    def _in_copy(self, path: str) -> Path:
        return self.python.bench.project / path
