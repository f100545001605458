"""A case: one observation whose source was checked, ready to be written as a test."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from openhands_testgen.offline.expressions import (
    Names,
    RejectedSourceError,
    parse_expression,
    parse_statement,
    substitute,
)
from openhands_testgen.offline.inside import scenario as inside
from openhands_testgen.offline.inside.vocabulary import SUBJECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from openhands_testgen.offline import observations as seen

_ONE_SHOT = frozenset({"iter", "zip", "map", "filter", "reversed", "enumerate", "io", "itertools"})


@dataclass(frozen=True, slots=True)
class Assertion:
    """One check; ``subject`` holds placeholders for the result, the receiver, the arguments."""

    subject: ast.expr
    relation: str
    expected: ast.expr | None


@dataclass(frozen=True, slots=True)
class Value:
    """One argument: the parameter's name and the checked source."""

    name: str
    form: str
    node: ast.expr


@dataclass(frozen=True, slots=True)
class Case:
    """What a test does and asserts.

    ``call`` is the last step, an expression or a statement, with placeholders for the receiver and
    the arguments. ``error`` is the exception's name as source, or empty.
    """

    target: str
    receiver: ast.expr | None
    setup: tuple[ast.AST, ...]
    call: ast.AST
    values: tuple[Value, ...]
    form: str
    template: str
    checks: tuple[Assertion, ...]
    changes: tuple[Assertion, ...]
    error: ast.expr | None
    message: str
    printed: str
    warned: tuple[ast.expr, str] | None
    is_changing: bool
    is_on_purpose: bool
    through: str

    @property
    def shape(self) -> tuple[object, ...]:
        """What the cases of one parametrised test have in common."""
        passed = tuple((value.name, value.form) for value in self.values)
        return (self.target, self.template, self.form, passed, self.receiver is not None)

    @property
    def is_plain(self) -> bool:
        """Whether it is one call and what it returns or raises, and nothing else."""
        return not (
            self.setup
            or self.changes
            or self.printed
            or self.warned
            or self.is_changing
            or self.form != inside.VALUE
            or any(_is_one_shot(value.node) for value in self.values)
        )


def build_case(found: seen.Found, names: Names) -> Case:
    """Check all source of an observation.

    Raises:
        RejectedSourceError: something in it may not stand in a test.

    """
    scenario, outcome = found.scenario, found.outcome
    *earlier, last = scenario.steps
    error = parse_expression(outcome.exception, names) if outcome.kind == "raises" else None
    case = Case(
        target=_check_target(scenario.target),
        receiver=None if scenario.receiver is None else parse_expression(scenario.receiver, names),
        setup=tuple(_parse_earlier(step, names) for step in earlier),
        call=_parse_step(last, names),
        values=tuple(
            Value(_check_identifier(one.name), one.form, parse_expression(one.text, names))
            for one in last.arguments
        ),
        form=last.form,
        template=last.template,
        checks=tuple(_build_assertions(outcome.checks, names)),
        changes=tuple(_build_assertions(outcome.changes, names)),
        error=error,
        message=outcome.message,
        printed=outcome.printed,
        warned=_build_warned(outcome, names),
        is_changing=outcome.is_changing,
        is_on_purpose=outcome.is_on_purpose,
        through=outcome.through,
    )
    if not (case.error or case.checks or case.changes or case.printed):
        message = "nothing is asserted"
        raise RejectedSourceError(message)
    return case


def rename_case(case: Case, renamed: Mapping[str, str]) -> Case:
    """Return the case with other names for what it imports."""
    if not renamed:
        return case
    new: dict[str, ast.expr] = {old: ast.Name(name) for old, name in renamed.items()}

    def change(node: ast.expr | None) -> ast.expr | None:
        return None if node is None else cast("ast.expr", substitute(node, new))

    def change_all(checks: Iterable[Assertion]) -> tuple[Assertion, ...]:
        return tuple(
            replace(c, subject=cast("ast.expr", change(c.subject)), expected=change(c.expected))
            for c in checks
        )

    return replace(
        case,
        receiver=change(case.receiver),
        setup=tuple(substitute(step, new) for step in case.setup),
        call=substitute(case.call, new),
        values=tuple(replace(v, node=cast("ast.expr", change(v.node))) for v in case.values),
        checks=change_all(case.checks),
        changes=change_all(case.changes),
        error=change(case.error),
    )


def fill_in(node: ast.AST, case: Case, subject: ast.expr | None = None) -> ast.AST:
    """Return source with the arguments, and perhaps the receiver, in place of placeholders."""
    variables = _as_inside_step(case).variables
    filled = {name: value.node for name, value in zip(variables, case.values, strict=True)}
    if subject is not None:
        filled[SUBJECT] = subject
    return substitute(node, filled)


def _as_inside_step(case: Case) -> inside.Step:
    return inside.Step(
        case.template, tuple(inside.Argument(v.name, "", v.form) for v in case.values)
    )


def _parse_earlier(step: seen.Step, names: Names) -> ast.AST:
    """Parse a step that comes first, with its arguments in place."""
    values = [parse_expression(one.text, names) for one in step.arguments]
    variables = _to_inside(step).variables
    filled = dict(zip(variables, values, strict=True))
    return substitute(_parse_step(step, names), filled)


def _parse_step(step: seen.Step, names: Names) -> ast.AST:
    own = _to_inside(step)
    text = own.render(SUBJECT, own.variables)
    if step.form == inside.STATEMENT:
        return parse_statement(text, names)
    return parse_expression(text, names)


def _to_inside(step: seen.Step) -> inside.Step:
    arguments = tuple(inside.Argument(one.name, one.text, one.form) for one in step.arguments)
    return inside.Step(step.template, arguments, step.form)


def _build_assertions(checks: Iterable[seen.Check], names: Names) -> Iterable[Assertion]:
    for check in checks:
        expected = parse_expression(check.expected, names) if check.expected else None
        if (expected is None) != (check.relation == "holds"):
            raise RejectedSourceError(check.subject)
        yield Assertion(parse_expression(check.subject, names), check.relation, expected)


def _build_warned(outcome: seen.Outcome, names: Names) -> tuple[ast.expr, str] | None:
    if not outcome.warned:
        return None
    first = outcome.warned[0]
    return parse_expression(first.category, names), first.message


def _check_target(name: str) -> str:
    return ".".join(_check_identifier(part) for part in name.split("."))


def _check_identifier(name: str) -> str:
    if not name.isidentifier():
        raise RejectedSourceError(name)
    return name


def _is_one_shot(node: ast.expr) -> bool:
    """Whether a value can be used up, so that it must be made within the test."""
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
    roots = [
        call.func.value if isinstance(call.func, ast.Attribute) else call.func for call in calls
    ]
    return any(isinstance(root, ast.Name) and root.id in _ONE_SHOT for root in roots)
