"""Which cases stand together in one test function, and in which order."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from openhands_testgen.offline.inside.targets import RESULT_OF_CALL
from openhands_testgen.offline.layout import render_flat

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from openhands_testgen.offline.cases import Case


def group_cases(cases: Iterable[Case], order: Sequence[str]) -> list[list[Case]]:
    """Return groups in the order of the targets; returning comes before raising."""
    groups: dict[Hashable, list[Case]] = {}
    for number, case in enumerate(cases):
        key = get_group_key(case)
        groups.setdefault(("single", number) if key is None else key, []).append(case)
    place = {name: number for number, name in enumerate(order)}

    def rank(group: list[Case]) -> tuple[int, bool]:
        target = group[0].target
        owner = target.removesuffix(f".{RESULT_OF_CALL}")
        return place.get(target, place.get(owner, len(place))), group[0].error is not None

    return sorted(groups.values(), key=rank)


def get_group_key(case: Case) -> Hashable | None:
    """Return what the cases of one table have in common; ``None`` for a case that stands alone."""
    has_columns = bool(case.values) or case.receiver is not None
    if not case.is_plain or not has_columns:
        return None
    if case.error is not None:
        has_message = bool(case.message) and case.is_on_purpose
        return (case.shape, render_flat(case.error), has_message, case.through)
    if len(case.checks) != 1 or case.checks[0].expected is None:
        return None
    check = case.checks[0]
    if any(isinstance(node, ast.Name) and node.id.startswith("__arg") for node in _walk(case)):
        return None
    kind = "is" if check.relation == "is" and not _is_constant(check.expected) else "value"
    return (case.shape, render_flat(check.subject), kind)


def _walk(case: Case) -> Iterable[ast.AST]:
    check = case.checks[0]
    for node in (check.subject, check.expected):
        if node is not None:
            yield from ast.walk(node)


def _is_constant(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant)
