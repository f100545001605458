"""Read pytest's JUnit report as one result for each test."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from openhands_testgen.domain.verdict import CaseResult, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from junitparser import TestCase

MAX_MESSAGE_LENGTH = 2_000
# The worst of several entries counts: a test can pass and then fail in its teardown.
_SEVERITY = (Outcome.PASSED, Outcome.SKIPPED, Outcome.FAILED, Outcome.ERROR)


def parse_junit(content: bytes, output_path: str) -> tuple[CaseResult, ...] | None:
    """Return the tests in a report, or ``None`` if it is not a report.

    Judged code could have written it: entities are refused, everything in it is foreign text.
    """
    from junitparser import JUnitXml, JUnitXmlError

    if b"<!" in re.sub(rb"<!\[CDATA\[", b"", content):
        return None
    try:
        report = JUnitXml.fromstring(content)
    except (JUnitXmlError, SyntaxError, ValueError):
        return None
    worst: dict[str, CaseResult] = {}
    for case in _read_cases((case for suite in report for case in suite), output_path):
        known = worst.get(case.name)
        if known is None or _SEVERITY.index(case.outcome) > _SEVERITY.index(known.outcome):
            worst[case.name] = case
    return tuple(worst.values())


def _read_cases(cases: Iterable[TestCase], output_path: str) -> Iterable[CaseResult]:
    for case in cases:
        outcome, message = _read_outcome(case)
        classname = case.classname or ""
        yield CaseResult(
            name=_render_node_id(classname, case.name or "", output_path),
            classname=classname,
            outcome=outcome,
            message=message,
            seconds=float(case.time or 0),
        )


def _read_outcome(case: TestCase) -> tuple[Outcome, str]:
    from junitparser import Error, Failure, Skipped

    for kind, outcome in (
        (Error, Outcome.ERROR),
        (Failure, Outcome.FAILED),
        (Skipped, Outcome.SKIPPED),
    ):
        for result in case.result:
            if isinstance(result, kind):
                parts = (result.message, result.text)
                text = "\n".join(part.strip() for part in parts if part)
                return outcome, text[:MAX_MESSAGE_LENGTH]
    return Outcome.PASSED, ""


def _render_node_id(classname: str, name: str, output_path: str) -> str:
    """Turn JUnit's dotted names back into pytest's node id."""
    module = output_path.removesuffix(".py").replace("/", ".")
    if not classname and name == module:
        return output_path
    if classname == module:
        return f"{output_path}::{name}"
    if classname.startswith(f"{module}."):
        inner = classname.removeprefix(f"{module}.").replace(".", "::")
        return f"{output_path}::{inner}::{name}"
    return f"{classname}::{name}" if classname else name
