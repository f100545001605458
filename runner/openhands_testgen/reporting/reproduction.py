"""How to see a verdict again on another machine."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    collect = f"runner/launch collect {shlex.quote(result['task_id'])}"
    recipes = [Recipe(f"To collect and judge the task again {_say_where(result)}:", collect)]
    if result["verdict"]:
        path = shlex.quote(result["output_path"])
        run = f"git apply {PATCH_FILE}\npython -m pytest {path}"
        recipes.append(Recipe("To run the tests from the results folder's patch:", run))
    return recipes


def _say_where(result: TaskResult) -> str:
    match = _TASK_ID.fullmatch(result["task_id"])
    if match and match[1] == EMBEDDED:
        return "(on the agent's own machine: the embedded engine's tasks stay there)"
    return "(from any machine that reaches the backend)"
