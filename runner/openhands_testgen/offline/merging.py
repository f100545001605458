"""Add tests to a file that has some: those stay, imports are added, no name comes twice."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from openhands_testgen.offline.imports import render_imports
from openhands_testgen.offline.inside.vocabulary import STANDARD
from openhands_testgen.offline.render import HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from openhands_testgen.offline.render import Rendered

    type Source = tuple[str, str]

MARK = """# Tests of {module} as it behaves today.
# {head}."""
ELSEWHERE: Source = ("", "")


def read_bindings(source: str) -> dict[str, Source]:
    """Return what each top-level name of a file is: module and attribute, if it is imported.

    Raises:
        SyntaxError: it is not Python.

    """
    return dict(_find_bindings(ast.parse(source)))


def choose_names(aliases: Mapping[str, Source], bindings: Mapping[str, Source]) -> dict[str, str]:
    """Return other names for those that mean something else in the file already."""
    wanted = {**{name: (one.module, one.attribute) for name, one in STANDARD.items()}, **aliases}
    taken = {*wanted, *bindings}
    renamed: dict[str, str] = {}
    for name, source in wanted.items():
        if bindings.get(name, source) != source:
            new = f"{name}_"
            while new in taken:
                new += "_"
            taken.add(new)
            renamed[name] = new
    return renamed


def merge(source: str, rendered: Rendered, aliases: Mapping[str, Source], module: str) -> str:
    """Return the file with the new tests at its end and what they import below its imports.

    ``aliases`` are all names with their sources, those of the vocabulary that were renamed too.
    """
    bindings = read_bindings(source)
    new = {name for name in rendered.names if name not in bindings}
    lines = source.rstrip("\n").splitlines()
    imports = render_imports(new, aliases)
    if imports:
        at = _find_import_place(ast.parse(source))
        lines[at:at] = [line for line in imports.splitlines() if line]
    parts = ["\n".join(lines)]
    if HEAD not in source:
        parts.append(MARK.format(module=module, head=HEAD))
    blocks = [block.text for block in rendered.blocks]
    return "\n\n\n".join([*parts, *blocks]) + "\n"


def _find_bindings(tree: ast.Module) -> Iterator[tuple[str, Source]]:
    for node in tree.body:
        if isinstance(node, ast.Import):
            for one in node.names:
                name = one.asname or one.name.partition(".")[0]
                yield name, (one.name if one.asname else name, "")
        elif isinstance(node, ast.ImportFrom):
            for one in node.names:
                yield one.asname or one.name, (node.module or "", one.name)
        else:
            yield from ((name, ELSEWHERE) for name in _find_names(node))


def _find_names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            yield one.id
        elif isinstance(one, ast.alias):
            yield (one.asname or one.name).partition(".")[0]


def _find_import_place(tree: ast.Module) -> int:
    """Return the number of lines above the place for more imports."""
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    if imports:
        return imports[-1].end_lineno or imports[-1].lineno
    if tree.body and ast.get_docstring(tree) is not None:
        return tree.body[0].end_lineno or 0
    return 0
