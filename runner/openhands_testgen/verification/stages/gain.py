"""What the tests add to the coverage that the project's existing tests have; it decides nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from openhands_testgen.domain.prompt import is_test_file
from openhands_testgen.sandbox.workbench import LEFT_OUT, read_foreign
from openhands_testgen.verification.recording import run_tests
from openhands_testgen.verification.stages.coverage import measure

if TYPE_CHECKING:
    from openhands_testgen.domain.verdict import Candidate, Coverage
    from openhands_testgen.verification.lane import Lane
    from openhands_testgen.verification.recording import RunPlan

DATA = "before.data"
MAX_SECONDS = 30.0
MAX_FILES = 20
MAX_FILE_BYTES = 1_000_000


def find_existing_tests(candidate: Candidate, import_name: str) -> tuple[str, ...]:
    """Return the project's test files that mention the module, relative and POSIX, bounded.

    The judged file is none of them, unless another version of it stands in the project.
    """
    mention = import_name.rpartition(".")[2].encode()
    found = []
    for folder, names, files in os.walk(candidate.project):
        names[:] = sorted(set(names) - LEFT_OUT)
        for file in sorted(files):
            path = PurePosixPath(os.path.relpath(folder, candidate.project), file).as_posix()
            if not is_test_file(path):
                continue
            content = read_foreign(candidate.project / path, MAX_FILE_BYTES) or b""
            is_itself = path == candidate.output_path and content == candidate.content
            if mention in content and not is_itself:
                found.append(path)
                if len(found) == MAX_FILES:
                    return tuple(found)
    return tuple(found)


async def measure_existing(lane: Lane, candidate: Candidate, plan: RunPlan) -> Coverage | None:
    """Measure what the existing tests reach, also where some of them fail.

    A file that stood at the output path is put back for it.
    """
    present = read_foreign(candidate.project / candidate.output_path, MAX_FILE_BYTES)
    if present is not None:
        lane.put(candidate.output_path, present)
    try:
        await run_tests(lane, candidate, replace(plan, data=DATA, seed=None))
        found, _ = await measure(lane.python, candidate.module_path, DATA)
    finally:
        lane.put(candidate.output_path, candidate.content)
    return found
