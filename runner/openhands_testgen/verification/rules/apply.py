"""Apply all static rules to a file."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from openhands_testgen.domain.expected import find_definitions
from openhands_testgen.verification.rules import (
    assertions,
    marks,
    patches,
    process,
    surroundings,
)

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from openhands_testgen.domain.expected import Definition
    from openhands_testgen.domain.verdict import Problem
    from openhands_testgen.verification.rules.code import FileCode

# Rules about all that a test runs, and about what the file does when it is imported.
_NODE_RULES = (process.find_problems, patches.find_problems, surroundings.find_problems)
# Rules about one test.
_TEST_RULES = (marks.find_problems, assertions.find_problems)


@dataclass(frozen=True, slots=True)
class RuleFindings:
    """Problems of the whole file, and of single tests."""

    whole: tuple[Problem, ...]
    tests: tuple[tuple[Definition, tuple[Problem, ...]], ...]


def apply_rules(code: FileCode) -> RuleFindings:
    """Return what breaks a rule, each rule once a test."""
    whole = chain(_read_nodes(code, code.own_statements), marks.find_file_problems(code))
    tests = []
    for definition in find_definitions(code.tree):
        found = {problem.rule: problem for problem in _judge(code, definition)}
        if found:
            tests.append((definition, tuple(found.values())))
    return RuleFindings(tuple({problem.rule: problem for problem in whole}.values()), tuple(tests))


def _judge(code: FileCode, definition: Definition) -> Iterator[Problem]:
    for rule in _TEST_RULES:
        yield from rule(code, definition)
    yield from _read_nodes(code, code.reach(definition))


def _read_nodes(code: FileCode, nodes: tuple[ast.AST, ...]) -> Iterator[Problem]:
    for rule in _NODE_RULES:
        yield from rule(code, nodes)
