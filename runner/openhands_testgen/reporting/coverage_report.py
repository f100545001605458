"""coverage.py's own report, with the module under the name that it has in the repository."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pydantic import JsonValue, TypeAdapter, ValidationError

if TYPE_CHECKING:
    from openhands_testgen.domain.report import TaskResult

COVERAGE_REPORT = "coverage.json"
_REPORT = TypeAdapter(dict[str, JsonValue])


def rename_module(content: bytes, result: TaskResult, path_prefix: str) -> bytes:
    """Return a report of one file under its path; a report of anything else as it is.

    The tests ran on a copy, whose folder is gone and says nothing to any reader.
    """
    try:
        report = _REPORT.validate_json(content)
    except ValidationError:
        return content
    files = report.get("files")
    if not isinstance(files, dict) or len(files) != 1:
        return content
    path = str(PurePosixPath(path_prefix, result["module_path"]))
    report["files"] = {path: next(iter(files.values()))}
    return _REPORT.dump_json(report, indent=1) + b"\n"
