"""The published schema is that of the code; `python -m tests.unit.test_schema` renews it."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import TypeAdapter

from openhands_testgen.domain.judgement import VerdictDict, render_verdict
from openhands_testgen.domain.verdict import (
    Candidate,
    CaseResult,
    Coverage,
    Mutation,
    Outcome,
    Problem,
    StageResult,
    Verdict,
    Verification,
)

SCHEMA = Path(__file__).parents[2] / "verdict.schema.json"
ADAPTER = TypeAdapter(VerdictDict)


def render_schema() -> str:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ADAPTER.json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=2) + "\n"


def test_schema_is_that_of_the_code() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == render_schema()


def test_a_verdict_is_what_the_schema_says() -> None:
    problem = Problem("no-assertion", "asserts nothing", "assert what the module returns", 3)
    verification = Verification(
        Verdict.WEAK,
        (StageResult("run", passed=True, reasons=("one",)),),
        cases=(CaseResult("t.py::test", "t", Outcome.REFUSED, line=2, problems=(problem,)),),
        coverage=Coverage(80, 8, 10, 0, 0, (4,), ((4, 5),)),
        coverage_before=10.0,
        coverage_gained=70.0,
        mutation=Mutation(40, 4, 10),
    )
    rendered = render_verdict(verification, Candidate(Path(), "a.py", "t.py", b"", 75))
    assert ADAPTER.validate_python(rendered, strict=True) == rendered
    assert json.loads(json.dumps(rendered)) == rendered


if __name__ == "__main__":
    SCHEMA.write_text(render_schema(), encoding="utf-8")
