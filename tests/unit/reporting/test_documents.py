"""The files that are made from a result: all of them, and a bug in one costs no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from openhands_testgen.reporting.documents import Material, make_documents
from tests.fakes.hostile import make_hostile
from tests.fakes.results import make_result
from tests.markup import parse_markup

if TYPE_CHECKING:
    from openhands_testgen.domain.report import TaskResult

NOW = 1_767_261_700.0


def test_everything_that_there_is_material_for() -> None:
    names = frozenset({"junit.xml", "agent/x", "coverage.json"})
    material = Material(make_hostile("x"), NOW, b"a = 1\n", b"+patch\n", names=names)
    made, problems = make_documents(material)
    assert problems == []
    assert set(made) == {"tests.patch", "sarif.json", "coverage.xml", "report.html"}
    links = parse_markup(made["report.html"].decode()).list_values("href")
    assert [link for link in links if not link.startswith("#")] == [
        "tests.patch",
        "result.json",
        "junit.xml",
        "coverage.xml",
        "coverage.json",
        "sarif.json",
    ]


def test_what_there_is_nothing_for_is_not_made() -> None:
    made, problems = make_documents(Material(make_result(), NOW))
    assert (set(made), problems) == ({"sarif.json", "report.html"}, [])


def test_a_bug_in_one_costs_no_other() -> None:
    broken = cast("TaskResult", {**make_hostile("x"), "reach": {"executed_lines": []}})
    made, problems = make_documents(Material(broken, NOW))
    assert "sarif.json" in made
    assert problems[0].startswith("coverage.xml could not be made: KeyError")
