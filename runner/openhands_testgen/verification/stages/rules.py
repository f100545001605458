"""Stage *rules*: no test is such that it proves nothing; told by reading, before anything runs."""

from __future__ import annotations

import ast

from openhands_testgen.domain.expected import parse_source
from openhands_testgen.verification.rules.apply import RuleFindings, apply_rules
from openhands_testgen.verification.rules.code import FileCode, Subject
from openhands_testgen.verification.source_text import SourceText

NAME = "rules"


def judge_rules(content: bytes, import_name: str, module: bytes) -> RuleFindings:
    """Apply the static rules to a file; ``module`` is the source of the module under test."""
    return apply_rules(FileCode(SourceText(content).tree, read_subject(import_name, module)))


def read_subject(import_name: str, module: bytes) -> Subject:
    """Read the module under test; one that is not Python defines nothing."""
    text = module.decode("utf-8-sig", "replace")
    try:
        tree = parse_source(text)
    except (SyntaxError, ValueError, RecursionError):
        tree = ast.Module([], [])
    return Subject(import_name, text, tree)
