"""Run one of the programs in ``inside`` with the user's interpreter, and take its answer.

A program is the parent of the processes that run judged code, in the same sandbox. It prints facts;
what follows from them is decided out here.
"""

from __future__ import annotations

import json
import shutil
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from openhands_testgen.sandbox.workbench import digest_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openhands_testgen.domain.verdict import Candidate
    from openhands_testgen.sandbox.python import SandboxedPython

INSIDE = Path(__file__).with_name("inside")
PACKAGE = "openhands_testgen.verification.inside"
PROGRAMS = tuple(f"{PACKAGE}.{name}" for name in ("mutation", "sabotage", "worker"))
FOLDER = "programs"
QUESTION = "question.json"
# The programs keep to their time themselves; this is for one that cannot.
MARGIN_SECONDS = 15.0
CANNOT_FORK = "Windows has no os.fork, which this takes"
NO_TIME = "there was no time for it"
ENDED = "the tests ended the processes that watched over them"
CHANGED = "the tests changed the module under test while they ran"
MAX_ITEMS = 5_000

Name = Field(default="", max_length=1_400)


class Facts(BaseModel):
    """What the judged code could have had a hand in: taken as it is, if it is of sane size."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Answer(Facts):
    """What any program says: ``problem`` if it broke, ``is_lost`` if tests ended a part of it."""

    problem: str = Name
    is_lost: bool = False


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
        if self.is_late or self.status == -signal.SIGXCPU:
            return "they did not end in time"
        if not self.is_done:
            return f"their process ended with exit code {self.status}, without a report"
        return "no test passed" if self.is_loaded else "they never load the module from the copy"


@dataclass(frozen=True, slots=True)
class Subject:
    """One test file and where it is judged.

    ``roots`` are the folders to import from; ``plugins`` are the arguments for each pytest plugin
    that is wanted, by the name of its package.
    """

    python: SandboxedPython
    candidate: Candidate
    roots: Sequence[Path]
    plugins: Mapping[str, Sequence[str]]

    async def ask[Kind: BaseModel](
        self, program: str, kind: type[Kind], seconds: float, **question: object
    ) -> Kind | None:
        """Run a program that takes so many seconds at most; ``None`` if it comes to no answer."""
        bench, limits = self.python.bench, self.python.limits
        project = bench.project
        place = {
            "project": str(project),
            "module": str(project / self.candidate.module_path),
            "tests": str(project / self.candidate.output_path),
            "roots": [str(root) for root in self.roots],
            "plugins": {name: list(own) for name, own in self.plugins.items()},
        }
        folder = bench.ours / FOLDER
        _stage(folder)
        asked = {**place, **question, "seconds": seconds}
        (folder / QUESTION).write_text(json.dumps(asked), encoding="utf-8")
        longer = replace(limits, timeout_seconds=seconds + MARGIN_SECONDS)
        result, _ = await replace(self.python, limits=longer).run(
            ["-m", f"{PACKAGE}.{program}", QUESTION], cwd=folder
        )
        try:
            return kind.model_validate_json(result.stdout)
        except ValidationError:
            return None

    def has_changed(self) -> bool:
        """Whether the copy of the module is no longer the project's."""
        path = self.candidate.module_path
        return digest_file(self.python.bench.project / path) != digest_file(
            self.candidate.project / path
        )


def _stage(folder: Path) -> None:
    """Copy the programs to where judged code can read, but not write."""
    target = folder / "openhands_testgen" / "verification" / "inside"
    if target.exists():
        return
    shutil.copytree(INSIDE, target, ignore=shutil.ignore_patterns("__pycache__"))
    for package in (target.parent, target.parent.parent):
        (package / "__init__.py").touch()
