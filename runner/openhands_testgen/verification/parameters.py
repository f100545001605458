"""Single cases of a parametrized test, as they stand in the list of its decorator."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from openhands_testgen.domain.expected import get_last_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from openhands_testgen.domain.expected import Function
    from openhands_testgen.verification.source_text import SourceText, Span

NAMING_FUNCTIONS = {"str", "repr"}

type Indices = Mapping[str, int]
type Literals = ast.List | ast.Tuple


def find_parameter_spans(
    source: SourceText, node: Function, bad: Sequence[Indices], good: Sequence[Indices]
) -> list[Span]:
    """Return what to cut so that the bad cases go and the good ones stay.

    Empty if there is no good one, or if the lists are not literals that can be taken apart.
    """
    if not good:
        return []
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and get_last_name(decorator) == "parametrize":
            names = _read_names(decorator)
            doomed = {indices[names[0]] for indices in bad if names and names[0] in indices}
            kept = {indices[names[0]] for indices in good if names and names[0] in indices}
            if doomed and not doomed & kept:
                return _find_spans(source, decorator, doomed)
    return []


def _read_names(decorator: ast.Call) -> list[str]:
    """Return the names of the arguments: ``"a, b"`` or ``["a", "b"]``."""
    first = _get_argument(decorator, 0, "argnames")
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        return [name.strip() for name in first.value.split(",") if name.strip()]
    elements = first.elts if isinstance(first, ast.List | ast.Tuple) else []
    return [one.value for one in elements if isinstance(one, ast.Constant)]  # type: ignore[misc] # pytest takes strings alone


def _find_spans(source: SourceText, decorator: ast.Call, doomed: Collection[int]) -> list[Span]:
    values = _get_argument(decorator, 1, "argvalues")
    ids = _get_argument(decorator, 3, "ids")
    spans = _find_element_spans(source, values, doomed)
    if ids is None or (isinstance(ids, ast.Constant) and ids.value is None):
        return spans
    if isinstance(ids, ast.Lambda) or (isinstance(ids, ast.Name) and ids.id in NAMING_FUNCTIONS):
        return spans
    more = _find_element_spans(source, ids, doomed)
    return [*spans, *more] if spans and more else []


def _get_argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    if len(call.args) > position:
        return call.args[position]
    return next((one.value for one in call.keywords if one.arg == name), None)


def _find_element_spans(
    source: SourceText, literal: ast.expr | None, doomed: Collection[int]
) -> list[Span]:
    if not isinstance(literal, ast.List | ast.Tuple) or max(doomed) >= len(literal.elts):
        return []
    if any(isinstance(one, ast.Starred) for one in literal.elts):
        return []
    spans = list(_walk_elements(source, literal, doomed))
    return spans if _leaves(source, literal, doomed, spans) else []


def _walk_elements(
    source: SourceText, literal: Literals, doomed: Collection[int]
) -> Iterator[Span]:
    """Cut each element up to the next one; those at the end from the last one that stays."""
    places = [source.get_span(one) for one in literal.elts]
    last = max(index for index in range(len(places)) if index not in doomed)
    for index in sorted(doomed):
        if index < last:
            yield places[index][0], places[index + 1][0]
    if last + 1 < len(places):
        yield places[last][1], places[-1][1]


def _leaves(
    source: SourceText, literal: Literals, doomed: Collection[int], spans: Sequence[Span]
) -> bool:
    """Whether the literal without the spans is the same list without the elements."""
    start, end = source.get_span(literal)
    text = source.without([(0, start), *spans, (end, len(source.content))])
    try:
        left = ast.parse(text.decode().strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return False
    wanted = [one for index, one in enumerate(literal.elts) if index not in doomed]
    return (
        isinstance(left, ast.List | ast.Tuple)
        and type(left) is type(literal)
        and [ast.dump(one) for one in left.elts] == [ast.dump(one) for one in wanted]
    )
