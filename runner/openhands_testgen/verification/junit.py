"""The verdict as a JUnit report: a test that was left out is a failure, with the reason."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from openhands_testgen.domain.verdict import CaseResult, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TAGS = {Outcome.SKIPPED: "skipped", Outcome.ERROR: "error"}


def render_junit(cases: Sequence[CaseResult], output_path: str) -> bytes:
    """Render one test case for each test; what XML cannot hold is replaced."""
    tags = [_TAGS.get(case.outcome, "failure") for case in cases if not case.is_sound]
    counts = {
        "tests": len(cases),
        "failures": tags.count("failure"),
        "errors": tags.count("error"),
        "skipped": tags.count("skipped"),
        "time": f"{sum(case.seconds for case in cases):.3f}",
    }
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<testsuites name="openhands-testgen">',
        f"<testsuite {_render_attributes({'name': output_path, **counts})}>",
        *(_render_case(case, output_path) for case in cases),
        "</testsuite>",
        "</testsuites>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _render_case(case: CaseResult, output_path: str) -> str:
    attributes = {
        "name": case.name.rpartition("::")[2],
        "classname": case.classname,
        "file": output_path,
        "line": case.line or "",
        "time": f"{case.seconds:.3f}",
    }
    head = f"<testcase {_render_attributes(attributes)}"
    if case.is_sound:
        return f"{head}/>"
    tag = _TAGS.get(case.outcome, "failure")
    about = _render_attributes({"message": case.message, "type": case.outcome.value})
    text = _clean("\n".join(map(str, case.problems)))
    return f"{head}><{tag} {about}>{text}</{tag}></testcase>"


def _render_attributes(values: Mapping[str, object]) -> str:
    known = {name: _clean(str(value)) for name, value in values.items() if value != ""}
    return " ".join(f'{name}="{value.replace(chr(10), "&#10;")}"' for name, value in known.items())


def _clean(text: str) -> str:
    """Escape markup, and replace what XML has no character for."""
    plain = (
        char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )
    return escape("".join(plain), quote=True)
