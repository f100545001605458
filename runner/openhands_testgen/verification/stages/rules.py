"""Stage *rules*: no test is such that it proves nothing; told by reading, before anything runs."""

from __future__ import annotations

import ast

from openhands_testgen.domain.expected import find_definitions, parse_source
from openhands_testgen.domain.verdict import Problem
from openhands_testgen.verification.rules.apply import RuleFindings, apply_rules
from openhands_testgen.verification.rules.code import FileCode, Subject
from openhands_testgen.verification.source_text import SourceText

NAME = "rules"


def judge_rules(content: bytes, import_name: str, module: bytes) -> RuleFindings:
    """Apply the static rules to a file; ``module`` is the source of the module under test."""
    return apply_rules(FileCode(SourceText(content).tree, read_subject(import_name, module)))


def list_existing(base: bytes | None) -> dict[str, str]:
    """Return the tests of a file that stood there before, by name, in a form to compare."""
    try:
        tree = SourceText(base or b"").tree
    except (SyntaxError, ValueError, RecursionError):
        return {}
    return {one.name: ast.dump(one.node) for one in find_definitions(tree)}


def find_changes(base: bytes | None, content: bytes) -> list[Problem]:
    """Find tests that were there before, and are not there any more or not as they were."""
    now = list_existing(content)
    return [
        Problem(
            "changes-existing-tests",
            f"{'changes' if name in now else 'removes'} {name}, a test that was there before",
            "leave existing tests as they are, and add others",
        )
        for name, code in list_existing(base).items()
        if now.get(name) != code
    ]


def read_subject(import_name: str, module: bytes) -> Subject:
    """Read the module under test; one that is not Python defines nothing."""
    text = module.decode("utf-8-sig", "replace")
    try:
        tree = parse_source(text)
    except (SyntaxError, ValueError, RecursionError):
        tree = ast.Module([], [])
    return Subject(import_name, text, tree)
