"""The results folder: one folder a task, with everything that came back."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, cast

from openhands_testgen.domain.report import render_result, render_time
from openhands_testgen.domain.snapshot import ABSENT
from openhands_testgen.domain.text import map_texts
from openhands_testgen.errors import ConfigurationError
from openhands_testgen.reporting.coverage_report import COVERAGE_REPORT, rename_module
from openhands_testgen.reporting.file_names import choose_names, render_slug
from openhands_testgen.reporting.patch import FILE_MODE, render_patch
from openhands_testgen.reporting.redaction import Redaction
from openhands_testgen.reporting.trajectory import TRAJECTORY_FILE, read_trajectory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from openhands_testgen.domain.report import Report, TaskResult
    from openhands_testgen.reporting.documents import Material

RESULT_FILE = "result.json"
AGENT_FOLDER = "agent"
BASE_FOLDER = "base"
MODULE_FOLDER = "module"
MAX_MODULE_BYTES = 2_000_000  # a larger one is kept, but not shown


class ResultsFolder:
    """Keeps reports and files on disk; implements the port ``Archive``."""

    def __init__(
        self,
        root: Path,
        secrets: Sequence[str],
        *,
        path_prefix: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the folder, which need not exist, and the secrets that must not stand in it.

        More secrets may become known until something is stored. ``path_prefix`` leads from the
        repository's root to the project.
        """
        self._root = root.absolute()
        self._secrets = secrets
        self._path_prefix = path_prefix
        self._now = now

    def store(self, report: Report, files: Mapping[str, bytes]) -> Path:
        """Write a task's report and files and return the task's folder (absolute).

        Files by name: ``agent/<path>`` is what the agent left at a path of the project,
        ``base/<path>`` what stood there before, ``module/<path>`` the module that was judged. The
        same task again replaces its report; a file of the first time that does not come again
        stays. ``result.json`` is written last: where it stands, the rest stands too.

        Raises:
            ConfigurationError: the folder cannot be written.

        """
        task_id = report.task_id
        folder = self._root / f"{render_slug(task_id.module_path)}-{task_id.short}"
        contents = self._make_contents(replace(report, results_dir=str(folder)), files)
        try:
            self._make_root()
            for name, content in contents.items():
                self._write(folder / name, content)
        except OSError as exc:
            message = f"the results cannot be written to {folder}: {exc.strerror or exc}"
            raise ConfigurationError(message, field="results") from exc
        return folder

    def _make_contents(self, report: Report, files: Mapping[str, bytes]) -> dict[str, bytes]:
        """Return all files by their place in the folder, without secrets, ``result.json`` last."""
        from openhands_testgen.reporting.documents import OUR_FILES, make_documents

        redaction = Redaction(tuple(self._secrets))
        kept = {name: redaction.redact_bytes(content) for name, content in files.items()}
        material = self._gather(report, kept, redaction)
        documents, failures = make_documents(material)
        material.result["warnings"] += failures
        if COVERAGE_REPORT in kept:
            kept[COVERAGE_REPORT] = rename_module(
                kept[COVERAGE_REPORT], material.result, self._path_prefix
            )
        places = choose_names(kept, taken=OUR_FILES)
        return {
            **{str(places[name]): content for name, content in kept.items()},
            **documents,
            RESULT_FILE: (json.dumps(material.result, indent=2) + "\n").encode(),
        }

    def _gather(self, report: Report, files: Mapping[str, bytes], redaction: Redaction) -> Material:
        from openhands_testgen.reporting.documents import Material

        task_id, now = report.task_id, self._now()
        trajectory = read_trajectory(files.get(TRAJECTORY_FILE))
        result = render_result(report)
        result["collected_at"] = render_time(now)
        result["tokens"] = trajectory.tokens
        module = files.get(f"{MODULE_FOLDER}/{task_id.module_path}", b"")
        return Material(
            result=cast("TaskResult", map_texts(result, partial(_clean, redaction))),
            now=now,
            module=module if 0 < len(module) <= MAX_MODULE_BYTES else None,
            patch=_make_patch(report, files, redaction),
            trajectory=trajectory,
            names=frozenset(files),
            path_prefix=self._path_prefix,
        )

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


def _clean(redaction: Redaction, text: str) -> str:
    """Return a text without secrets that any reader of JSON takes."""
    return redaction.redact_text(text.encode("utf-8", "replace").decode())


def _make_patch(report: Report, files: Mapping[str, bytes], redaction: Redaction) -> bytes:
    """Make a patch of what is delivered or, if nothing is, of what the agent wrote."""
    path = report.task_id.output_path
    before = files.get(f"{BASE_FOLDER}/{path}")
    if before is None and report.task_id.output_digest != ABSENT:
        return b""
    delivered = report.verification.content if report.verification else b""
    after = redaction.redact_bytes(delivered) if report.is_success else b""
    return render_patch(path, before, after or files.get(f"{AGENT_FOLDER}/{path}"))
