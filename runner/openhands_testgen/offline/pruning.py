"""Take tests out of a file that we wrote, whole or a row of a table, and what only they needed."""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING

from openhands_testgen.offline.blocks import render_parametrize
from openhands_testgen.offline.render import HEAD

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

type Edit = tuple[int, int, str]


def find_own_tests(source: str) -> frozenset[str]:
    """Return the test functions that we wrote: those below the sentence that says so."""
    start = _find_start(source)
    return frozenset(
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and node.lineno > start
    )


def prune(source: str, tests: Collection[tuple[str, int]]) -> str:
    """Return the source without some tests of ours, each named by function and row of its table.

    A row of -1 means the whole function.
    """
    own = find_own_tests(source)
    rows: dict[str, set[int]] = defaultdict(set)
    for name, row in tests:
        rows[name].add(row)
    edits = [
        edit
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name in own and node.name in rows
        for edit in _edit(node, rows[node.name])
    ]
    return _drop_unused(_apply(source, edits)) if edits else source


def _find_start(source: str) -> int:
    """Return the line of the sentence that all our tests stand below."""
    for number, line in enumerate(source.splitlines(), 1):
        if HEAD in line:
            return number
    return len(source)


def _edit(node: ast.FunctionDef, rows: set[int]) -> Iterable[Edit]:
    """Return what replaces the lines of a function or its table: first, last, new text."""
    table = _find_table(node)
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    if -1 in rows or table is None:
        yield first, node.end_lineno or first, ""
        return
    decorator, columns, elements = table
    kept = [element for number, element in enumerate(elements) if number not in rows]
    if not kept:
        yield first, node.end_lineno or first, ""
        return
    values = [
        list(one.elts) if isinstance(one, ast.Tuple) and len(columns) > 1 else [one] for one in kept
    ]
    text = render_parametrize(columns, values)
    yield decorator.lineno, decorator.end_lineno or decorator.lineno, text


def _find_table(node: ast.FunctionDef) -> tuple[ast.expr, list[str], list[ast.expr]] | None:
    for decorator in node.decorator_list:
        match decorator:
            case ast.Call(
                func=ast.Attribute(attr="parametrize"), args=[head, ast.List(elts=elements)]
            ):
                return decorator, _read_columns(head), elements
    return None


def _read_columns(head: ast.expr) -> list[str]:
    if isinstance(head, ast.Tuple):
        return [str(one.value) for one in head.elts if isinstance(one, ast.Constant)]
    return [str(head.value)] if isinstance(head, ast.Constant) else []


def _apply(source: str, edits: Iterable[Edit]) -> str:
    """Replace ranges of lines, from the end to the start; blank lines before go with a function."""
    lines = source.splitlines()
    for first, last, text in sorted(edits, reverse=True):
        start = first - 1
        while not text and start > 0 and not lines[start - 1].strip():
            start -= 1
        lines[start:last] = text.splitlines()
    return "\n".join(lines).rstrip("\n") + "\n"


def _drop_unused(source: str) -> str:
    """Take out names that nothing uses any more from the imports of a file that is all ours."""
    tree = ast.parse(source)
    if HEAD not in (ast.get_docstring(tree) or ""):
        return source
    used = {one.id for one in ast.walk(tree) if isinstance(one, ast.Name)}
    edits: list[Edit] = []
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            kept = [one for one in node.names if (one.asname or one.name) in used]
            if len(kept) < len(node.names):
                edits.append((node.lineno, node.end_lineno or node.lineno, _render(node, kept)))
    return _apply_imports(source, edits)


def _render(node: ast.Import | ast.ImportFrom, kept: list[ast.alias]) -> str:
    from openhands_testgen.offline.imports import render_from

    if not kept or isinstance(node, ast.Import):
        return ""
    names = [f"{one.name} as {one.asname}" if one.asname else one.name for one in kept]
    return render_from(node.module or "", names)


def _apply_imports(source: str, edits: Iterable[Edit]) -> str:
    lines = source.splitlines()
    for first, last, text in sorted(edits, reverse=True):
        lines[first - 1 : last] = text.splitlines()
        is_gap = first > 1 and not lines[first - 2].strip() and not lines[first - 1].strip()
        if not text and is_gap:
            del lines[first - 1]
    return "\n".join(lines) + "\n"
