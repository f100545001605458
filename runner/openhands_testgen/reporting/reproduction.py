"""How to see a verdict again on another machine."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openhands_testgen.domain.text import to_plain_line

if TYPE_CHECKING:
    from openhands_testgen.domain.report import TaskResult

EMBEDDED = "embedded"
PATCH_FILE = "tests.patch"
_TASK_ID = re.compile(r"v[0-9]+\.([a-z-]+)\.[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to type, and what for; foreign text in a command is one word for a shell."""

    purpose: str
    command: str


def list_recipes(result: TaskResult) -> list[Recipe]:
    """List what can be done with a result on a laptop, in the project's folder."""
    recipes = []
    if result["verdict"]:
        purpose = "To judge the tests again on a laptop, with the patch of the results folder:"
        recipes.append(Recipe(purpose, _render_verify(result)))
    task_id = _TASK_ID.fullmatch(result["task_id"])
    if task_id:
        purpose = f"To collect the task again {_say_where(task_id[1])}:"
        recipes.append(Recipe(purpose, f"runner/launch collect {task_id[0]}"))
    return recipes


def _render_verify(result: TaskResult) -> str:
    options = {
        "--module": result["module_path"],
        "--tests": result["output_path"],
        "--coverage-threshold": f"{result['coverage_threshold']:g}",
    }
    words = " ".join(
        f"{name}={shlex.quote(to_plain_line(value))}" for name, value in options.items()
    )
    return f"git apply {PATCH_FILE}\nrunner/launch verify {words}"


def _say_where(backend: str) -> str:
    if backend == EMBEDDED:
        return "(on the agent's own machine: the embedded engine's tasks stay there)"
    return "(from any machine that reaches the backend)"
