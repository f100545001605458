"""The files that are made from a result, for people and for other programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from openhands_testgen.reporting.cobertura import render_cobertura
from openhands_testgen.reporting.page.page import Surroundings, render_page
from openhands_testgen.reporting.page.source import split_lines
from openhands_testgen.reporting.sarif import render_sarif
from openhands_testgen.reporting.trajectory import Trajectory

if TYPE_CHECKING:
    from collections.abc import Callable

    from openhands_testgen.domain.report import TaskResult

PAGE_FILE = "report.html"
SARIF_FILE = "sarif.json"
COVERAGE_FILE = "coverage.xml"
PATCH_FILE = "tests.patch"
RESULT_FILE = "result.json"
OUR_FILES = frozenset({PAGE_FILE, SARIF_FILE, COVERAGE_FILE, PATCH_FILE, RESULT_FILE})
# Files that a page links to, in the order of their use.
SHOWN_FILES = (
    PATCH_FILE,
    RESULT_FILE,
    "junit.xml",
    COVERAGE_FILE,
    "coverage.json",
    SARIF_FILE,
    "pytest.log",
    "trajectory.zip",
)


@dataclass(frozen=True, slots=True)
class Material:
    """What documents are made from; all of it is free of secrets.

    ``module`` is the source that was judged. ``names`` are the other files of the folder.
    ``path_prefix`` leads from the repository's root to the project; ``now`` counts seconds since
    1970.
    """

    result: TaskResult
    now: float
    module: bytes | None = None
    patch: bytes = b""
    trajectory: Trajectory = field(default_factory=Trajectory)
    names: frozenset[str] = frozenset()
    path_prefix: str = ""


def make_documents(material: Material) -> tuple[dict[str, bytes], list[str]]:
    """Make all files that there is material for, by name, and say which could not be made.

    A bug in one of them must not cost the others, nor the results.
    """
    made = {PATCH_FILE: material.patch}
    problems: list[str] = []
    for name, make in _MAKERS.items():
        try:
            made[name] = make(material, frozenset(made))
        except Exception as bug:  # noqa: BLE001 - see above
            problems.append(f"{name} could not be made: {type(bug).__name__}: {bug}")
    return {name: content for name, content in made.items() if content}, problems


def _make_sarif(material: Material, _: frozenset[str]) -> bytes:
    lines = split_lines(material.module or b"")
    return render_sarif(material.result, lines, material.path_prefix)


def _make_coverage(material: Material, _: frozenset[str]) -> bytes:
    return render_cobertura(material.result, material.path_prefix, material.now)


def _make_page(material: Material, made: frozenset[str]) -> bytes:
    present = material.names | made | {RESULT_FILE}
    surroundings = Surroundings(
        trajectory=material.trajectory,
        module=material.module,
        patch=material.patch,
        files=tuple(name for name in SHOWN_FILES if name in present),
    )
    return render_page(material.result, surroundings, material.now)


# The page comes last, for it links to the others.
_MAKERS: dict[str, Callable[[Material, frozenset[str]], bytes]] = {
    SARIF_FILE: _make_sarif,
    COVERAGE_FILE: _make_coverage,
    PAGE_FILE: _make_page,
}
