"""Findings as SARIF 2.1.0, which code scanning reads: unsound tests, survivors, lines not reached.

A finding keeps its fingerprint while the code around it moves.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from openhands_testgen.reporting.annotations import list_ranges
from openhands_testgen.reporting.commands import to_plain_lines
from openhands_testgen.reporting.figures import list_unsound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from openhands_testgen.domain.judgement import CaseDict, SurvivorDict
    from openhands_testgen.domain.report import TaskResult

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
MAX_RESULTS = 5_000  # of more, GitHub shows none
MAX_MESSAGE_LENGTH = 1_000
MAX_NAME_LENGTH = 300
MAX_CODE_LENGTH = 100
FINGERPRINT = "primaryLocationLineHash"  # the one name by which GitHub knows a finding again

Level = Literal["error", "warning", "note"]
type Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of finding."""

    id: str
    text: str


UNSOUND = Rule("unsound-test", "A generated test is not sound and was left out.")
FLAKY = Rule("flaky-test", "A generated test passes in one order or process, and not in another.")
REJECTED = Rule("rejected-tests", "The generated tests were rejected.")
SURVIVOR = Rule("surviving-mutant", "No generated test notices a change of this line.")
UNCOVERED = Rule("uncovered-lines", "No generated test reaches these lines.")
RULES = (UNSOUND, FLAKY, REJECTED, SURVIVOR, UNCOVERED)


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark on a file; ``line`` counts from 1, 0 is the whole file.

    ``identity`` is what stays the same when lines move.
    """

    rule: Rule
    level: Level
    path: str
    message: str
    identity: str
    line: int = 0
    end_line: int = 0
    name: str = ""


def render_sarif(result: TaskResult, module: Sequence[str], path_prefix: str) -> bytes:
    """Render a task's findings, the graver ones first.

    ``module`` are the lines of the source that was judged, for the fingerprints; ``path_prefix``
    leads from the repository's root to the project.
    """
    findings = list(list_findings(result, module))[:MAX_RESULTS]
    seen: Counter[str] = Counter()
    rendered = [_render(finding, path_prefix, seen) for finding in findings]
    run = {
        "tool": {
            "driver": {
                "name": "openhands-testgen",
                "rules": [
                    {"id": rule.id, "shortDescription": {"text": rule.text}} for rule in RULES
                ],
            }
        },
        "automationDetails": {"id": f"openhands-testgen/{_quote(result['module_path'], '')}/"},
        "columnKind": "unicodeCodePoints",
        "results": rendered,
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return (json.dumps(log, indent=1) + "\n").encode()


def list_findings(result: TaskResult, module: Sequence[str]) -> Iterator[Finding]:
    """List the findings: why the tests were rejected, unsound tests, survivors, gaps."""
    if result["verdict"] == "rejected":
        for stage in result["stages"]:
            if not stage["passed"]:
                reasons = "\n".join(stage["reasons"]) or REJECTED.text
                path = result["module_path"]
                yield Finding(REJECTED, "error", path, f"{stage['name']}: {reasons}", stage["name"])
    for case in list_unsound(result["tests"]):
        yield _find_unsound(result, case)
    mutation = result["mutation"]
    for survivor in mutation["survivors"] if mutation else ():
        yield _find_survivor(result, survivor, module)
    for first, last in list_ranges(result["missing_lines"]):
        text = "\n".join(line.strip() for line in module[first - 1 : last])
        lines = f"Line {first} is" if first == last else f"Lines {first} to {last} are"
        message = f"{lines} not reached by the generated tests."
        yield Finding(UNCOVERED, "note", result["module_path"], message, text, first, last)


def _find_unsound(result: TaskResult, case: CaseDict) -> Finding:
    problems = case["problems"]
    reasons = [f"{one['reason']}. To mend it: {one['remedy']}." for one in problems]
    text = "\n".join(reasons) or case["message"]
    return Finding(
        rule=FLAKY if case["outcome"] == "flaky" else UNSOUND,
        level="warning" if result["success"] else "error",
        path=result["output_path"],
        message=f"{_shorten(case['name'])} ({case['outcome']}): {text}",
        identity="\n".join([case["name"], *(one["rule"] for one in problems)]),
        line=0 if result["success"] else case["line"],  # what is delivered has other lines
        name=case["name"],
    )


def _find_survivor(result: TaskResult, survivor: SurvivorDict, module: Sequence[str]) -> Finding:
    line = survivor["line"]
    before, after = survivor["before"], survivor["after"]
    text = module[line - 1].strip() if 0 < line <= len(module) else ""
    return Finding(
        rule=SURVIVOR,
        level="warning",
        path=result["module_path"],
        message=f"No test notices when {_shorten(before)} becomes {_shorten(after) or 'nothing'}.",
        identity=f"{text}\n{before}\n{after}",
        line=line,
    )


def _render(finding: Finding, path_prefix: str, seen: Counter[str]) -> Json:
    location: Json = {"artifactLocation": {"uri": _quote(finding.path, path_prefix)}}
    if finding.line > 0:
        end_line = max(finding.line, finding.end_line)
        location["region"] = {"startLine": finding.line, "endLine": end_line}
    place: Json = {"physicalLocation": location}
    if finding.name:
        name = to_plain_lines(finding.name, MAX_NAME_LENGTH)
        place["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "function"}]
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": RULES.index(finding.rule),
        "level": finding.level,
        "message": {"text": _render_message(finding.message)},
        "locations": [place],
        "partialFingerprints": {FINGERPRINT: _digest(finding, seen)},
    }


def _digest(finding: Finding, seen: Counter[str]) -> str:
    """Return 16 hex digits and which one of its equals a finding is, as GitHub itself does."""
    parts = (finding.rule.id, finding.path, finding.identity)
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(text).hexdigest()[:16]
    seen[digest] += 1
    return f"{digest}:{seen[digest]}"


def _render_message(text: str) -> str:
    """Render plain text in which no viewer finds a link or a placeholder."""
    plain = to_plain_lines(text, MAX_MESSAGE_LENGTH) or "-"
    return re.sub(r"\{(?=[0-9]+\})", "{ ", plain.replace("](", "] ("))


def _shorten(text: str) -> str:
    return " ".join(to_plain_lines(text, MAX_CODE_LENGTH).split())


def _quote(path: str, prefix: str) -> str:
    return quote(str(PurePosixPath(prefix, path)), errors="replace")
