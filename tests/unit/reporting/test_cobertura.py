"""Cobertura's format, held against what coverage.py itself writes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from openhands_testgen.reporting.cobertura import render_cobertura
from tests.fakes.hostile import TEXTS, make_hostile
from tests.fakes.results import make_result

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_767_261_700.0
MODULE = """\
def sign(number):
    if number < 0:
        return -1
    for _ in range(number):
        if number > 5:
            break
    return 1


def unused(a):
    return a if a else None


assert sign(2) == 1
"""


def measure(folder: Path) -> tuple[dict[str, object], ET.Element]:
    """Let coverage.py measure a run and write its own JSON and XML."""
    (folder / "pkg").mkdir()
    (folder / "pkg" / "signs.py").write_text(MODULE)
    python = [sys.executable, "-m", "coverage"]
    for words in (
        ["run", "--branch", "--include=pkg/*", "pkg/signs.py"],
        ["json", "-q"],
        ["xml", "-q"],
    ):
        subprocess.run([*python, *words], cwd=folder, check=True)
    (report,) = json.loads((folder / "coverage.json").read_bytes())["files"].values()
    return report, ET.parse(folder / "coverage.xml").getroot()  # noqa: S314 - our own


def list_lines(root: ET.Element) -> list[dict[str, str]]:
    kept = ("number", "hits", "branch", "condition-coverage")
    return [
        {name: line.attrib[name] for name in kept if name in line.attrib}
        for line in root.iter("line")
    ]


def test_it_says_what_coverage_says(tmp_path: Path) -> None:
    report, theirs = measure(tmp_path)
    summary = report["summary"]
    assert isinstance(summary, dict)
    result = make_result(
        module_path="pkg/signs.py",
        missing_lines=report["missing_lines"],
        reach={
            "lines_covered": summary["covered_lines"],
            "lines_total": summary["num_statements"],
            "branches_covered": summary["covered_branches"],
            "branches_total": summary["num_branches"],
            "executed_lines": report["executed_lines"],
            "executed_branches": report["executed_branches"],
            "missing_branches": report["missing_branches"],
        },
    )
    ours = ET.fromstring(render_cobertura(result, ".", NOW))  # noqa: S314 - our own
    assert list_lines(ours) == list_lines(theirs)
    for name in ("lines-valid", "lines-covered", "branches-valid", "line-rate", "branch-rate"):
        assert ours.attrib[name] == theirs.attrib[name], name
    (file,), (their_file,) = ours.iter("class"), theirs.iter("class")
    assert file.attrib["name"] == their_file.attrib["name"]
    assert file.attrib["filename"] == "pkg/signs.py"


def test_the_path_leads_from_the_repositorys_root() -> None:
    root = ET.fromstring(render_cobertura(make_hostile("src/a.py"), "sub/project", NOW))  # noqa: S314 - our own
    assert [one.attrib["filename"] for one in root.iter("class")] == ["sub/project/src/a.py"]


def test_nothing_is_known_without_a_measurement() -> None:
    assert render_cobertura(make_result(), "", NOW) == b""


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_is_xml(text: str) -> None:
    root = ET.fromstring(render_cobertura(make_hostile(text), "", NOW))  # noqa: S314 - our own
    assert [line.attrib["hits"] for line in root.iter("line")] == ["0", "0", "1", "0"]
    assert {element.tag for element in root.iter()} == {
        *("coverage", "sources", "source", "packages", "package", "classes", "class"),
        *("methods", "lines", "line"),
    }
