"""The results folder: one folder a task, with everything that came back."""

from __future__ import annotations

import difflib
import json
from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from openhands_testgen.domain.report import render_result
from openhands_testgen.errors import ConfigurationError
from openhands_testgen.reporting.file_names import choose_names, render_slug
from openhands_testgen.reporting.redaction import Redaction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openhands_testgen.domain.report import Report

RESULT_FILE = "result.json"
PATCH_FILE = "tests.patch"
AGENT_FOLDER = "agent"
BASE_FOLDER = "base"
FILE_MODE = 0o644


class ResultsFolder:
    """Keeps reports and files on disk; implements the port ``Archive``."""

    def __init__(self, root: Path, secrets: Sequence[str]) -> None:
        """Take the folder, which need not exist, and the secrets that must not stand in it.

        More of them may become known until something is stored.
        """
        self._root = root.absolute()
        self._secrets = secrets

    def store(self, report: Report, files: Mapping[str, bytes]) -> Path:
        """Write a task's report and files and return the task's folder (absolute).

        Files by name: ``agent/<path>`` is what the agent left at a path of the project,
        ``base/<path>`` what stood there before. The same task again replaces its report; a file
        of the first time that does not come again stays. ``result.json`` is written last: where
        it stands, the rest stands too.

        Raises:
            ConfigurationError: the folder cannot be written.

        """
        task_id = report.task_id
        folder = self._root / f"{render_slug(task_id.module_path)}-{task_id.short}"
        patch = render_patch(files, task_id.output_path, is_new=task_id.output_digest == "-")
        try:
            self._make_root()
            for name, path in choose_names(files, taken=(RESULT_FILE, PATCH_FILE)).items():
                self._write(folder.joinpath(path), self._redaction.redact_bytes(files[name]))
            if patch:
                self._write(folder / PATCH_FILE, self._redaction.redact_bytes(patch))
            self._write(folder / RESULT_FILE, self._render(report, folder))
        except OSError as exc:
            message = f"the results cannot be written to {folder}: {exc.strerror or exc}"
            raise ConfigurationError(message, field="results") from exc
        return folder

    def _render(self, report: Report, folder: Path) -> bytes:
        result = render_result(replace(report, results_dir=str(folder)))
        return (json.dumps(self._redaction.redact_values(result), indent=2) + "\n").encode()

    @property
    def _redaction(self) -> Redaction:
        return Redaction(tuple(self._secrets))

    def _make_root(self) -> None:
        """Make the folder; one that we made is no part of the project that it may stand in."""
        if self._root.is_dir():
            return
        self._root.mkdir(parents=True, exist_ok=True)
        self._write(self._root / ".gitignore", b"*\n")

    def _write(self, path: Path, content: bytes) -> None:
        """Write a file whole or not at all, below the folder and never through a link."""
        for parent in path.relative_to(self._root).parents:
            if (self._root / parent).is_symlink() and parent != Path():
                message = f"{self._root / parent} is a symbolic link; remove it"
                raise ConfigurationError(message, field="results")
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as file:
            file.write(content)
        Path(file.name).chmod(FILE_MODE)
        Path(file.name).replace(path)


def render_patch(files: Mapping[str, bytes], output_path: str, *, is_new: bool) -> bytes:
    """Render what the agent did to the test file as a patch that ``git apply`` takes.

    Empty where there is no such file, or where what stood there before is not known.
    """
    after = files.get(f"{AGENT_FOLDER}/{output_path}")
    before = b"" if is_new else files.get(f"{BASE_FOLDER}/{output_path}")
    if after is None or before is None or after == before:
        return b""
    source = "/dev/null" if is_new else f"a/{output_path}"
    mode = [f"new file mode 100{FILE_MODE:o}\n"] if is_new else []
    lines = difflib.unified_diff(_split(before), _split(after), source, f"b/{output_path}")
    head = [f"diff --git a/{output_path} b/{output_path}\n", *mode]
    return "".join([*head, *(_end(line) for line in lines)]).encode("utf-8", "surrogateescape")


def _split(content: bytes) -> list[str]:
    """Split at line feeds alone, as git does; ``splitlines`` would also split at form feeds."""
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    return [*(f"{line}\n" for line in lines[:-1]), *([lines[-1]] if lines[-1] else [])]


def _end(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
