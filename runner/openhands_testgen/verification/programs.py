"""Run one of the programs in ``inside`` with the user's interpreter, and take its answer.

A program is the parent of the processes that run judged code, in the same sandbox. It prints facts;
what follows from them is decided out here.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openhands_testgen.domain.verdict import Candidate
    from openhands_testgen.sandbox.python import SandboxedPython

INSIDE = Path(__file__).with_name("inside")
FOLDER = "programs"
QUESTION = "question.json"
# The programs keep to their time themselves; this is for one that cannot.
MARGIN_SECONDS = 15.0
MAX_ITEMS = 5_000

Name = Field(default="", max_length=1_400)


class Facts(BaseModel):
    """What the judged code could have had a hand in: taken as it is, if it is of sane size."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Account(Facts):
    """What became of the tests in one turn; see ``inside/account.py``."""

    broken: str = Name
    failed: list[str] = Field(default=[], max_length=10)
    passed: int = 0
    is_done: bool = False
    is_loaded: bool = False
    is_late: bool = False
    status: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether all tests ran on the module, none failed and one passed at least."""
        is_whole = self.is_done and self.is_loaded and not self.broken
        return is_whole and not self.failed and self.passed > 0

    def explain(self) -> str:
        """Say what is not sound."""
        if self.broken or self.failed:
            return self.broken or self.failed[0]
        if self.is_late:
            return "they did not end in time"
        if not self.is_done:
            return f"their process ended with exit code {self.status}, without a report"
        return "no test passed" if self.is_loaded else "they never load the module from the copy"


async def ask[Answer: BaseModel](
    python: SandboxedPython, program: str, question: Mapping[str, object], answer: type[Answer]
) -> Answer | None:
    """Run a program; ``None`` if it came to no answer. ``question["seconds"]`` is what it takes."""
    folder = python.bench.ours / FOLDER
    _stage(folder)
    (folder / QUESTION).write_text(json.dumps(question), encoding="utf-8")
    seconds = float(str(question["seconds"])) + MARGIN_SECONDS
    limits = replace(python.limits, timeout_seconds=seconds)
    result, _ = await replace(python, limits=limits).run(
        ["-m", f"openhands_testgen.verification.inside.{program}", QUESTION], cwd=folder
    )
    try:
        return answer.model_validate_json(result.stdout)
    except ValidationError:
        return None


def describe_place(
    python: SandboxedPython, candidate: Candidate, roots: Sequence[Path], *, is_fast: bool
) -> dict[str, object]:
    """Return the part of a question that says where the tests run."""
    project = python.bench.project
    return {
        "project": str(project),
        "module": str(project / candidate.module_path),
        "tests": str(project / candidate.output_path),
        "roots": [str(root) for root in roots],
        "is_fast": is_fast,
    }


def _stage(folder: Path) -> None:
    """Copy the programs to where judged code can read, but not write."""
    target = folder / "openhands_testgen" / "verification" / "inside"
    if target.exists():
        return
    shutil.copytree(INSIDE, target, ignore=shutil.ignore_patterns("__pycache__"))
    for package in (target.parent, target.parent.parent):
        (package / "__init__.py").touch()
