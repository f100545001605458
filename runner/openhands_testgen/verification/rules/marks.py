"""Rule: a test runs, and can fail; no mark or call takes that from it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from openhands_testgen.domain.expected import get_last_name
from openhands_testgen.verification.rules.checks import CheckFinder
from openhands_testgen.verification.rules.names import read_text, resolve
from openhands_testgen.verification.rules.table import make_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from openhands_testgen.domain.expected import Definition
    from openhands_testgen.domain.verdict import Problem
    from openhands_testgen.verification.rules.code import FileCode

_SKIPPING_CALLS = {"pytest.skip", "self.skipTest"}


def find_problems(code: FileCode, definition: Definition) -> Iterator[Problem]:
    """Find marks and calls by which a test is never run, or never fails."""
    if definition.is_shadowed:
        yield make_problem("shadowed", definition.line)
    for mark in _list_marks(code, definition):
        rule = _judge_mark(mark)
        if rule:
            yield make_problem(rule, mark.lineno)
    for statement in definition.node.body:
        if _is_skip(code, statement):
            yield make_problem("skipped", statement.lineno)
    for call in ast.walk(definition.node):
        if isinstance(call, ast.Call):
            if resolve(call.func, code.aliases) == "pytest.xfail":
                yield make_problem("xfail", call.lineno)
            if _skips_without_subject(code, call):
                yield make_problem("skipped", call.lineno)


def find_file_problems(code: FileCode) -> Iterator[Problem]:
    """Find what skips the whole file if the module cannot be imported."""
    for statement in code.own_statements:
        for call in ast.walk(statement):
            if isinstance(call, ast.Call) and _skips_without_subject(code, call):
                yield make_problem("skipped", call.lineno)


def _list_marks(code: FileCode, definition: Definition) -> Iterator[ast.expr]:
    yield from definition.node.decorator_list
    for owner in definition.owners:
        yield from owner.decorator_list
        yield from _list_assigned_marks(owner.body)
    yield from _list_assigned_marks(code.own_statements)


def _list_assigned_marks(body: Iterable[ast.stmt]) -> Iterator[ast.expr]:
    for node in body:
        if isinstance(node, ast.Assign) and get_last_name(node.targets[0]) == "pytestmark":
            several = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else None
            yield from [node.value] if several is None else several


def _judge_mark(mark: ast.expr) -> str:
    name = get_last_name(mark)
    arguments = mark.args if isinstance(mark, ast.Call) else []
    if name == "skip":
        return "skipped"
    if name in {"xfail", "expectedFailure"}:
        return "xfail"
    if name in {"skipif", "skipIf"} and arguments and _get_constant(arguments[0]) is True:
        return "skipped"
    if name == "skipUnless" and arguments and _get_constant(arguments[0]) is False:
        return "skipped"
    if name == "parametrize" and len(arguments) > 1 and CheckFinder({}).is_empty(arguments[1]):
        return "no-cases"
    return ""


def _get_constant(node: ast.expr) -> bool | None:
    """Return the truth of a literal; a text is a condition that pytest evaluates."""
    if isinstance(node, ast.Constant) and not isinstance(node.value, str):
        return bool(node.value)
    return None


def _is_skip(code: FileCode, statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Raise) and statement.exc is not None:
        return get_last_name(statement.exc) == "SkipTest"
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and resolve(statement.value.func, code.aliases) in _SKIPPING_CALLS
    )


def _skips_without_subject(code: FileCode, call: ast.Call) -> bool:
    names = [read_text(one) for one in call.args[:1]]
    is_skip = resolve(call.func, code.aliases) == "pytest.importorskip"
    return is_skip and names == [code.subject.import_name]
