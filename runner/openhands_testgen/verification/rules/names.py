"""What the names in a file stand for."""

from __future__ import annotations

import ast

type Aliases = dict[str, str]


def read_aliases(tree: ast.AST) -> Aliases:
    """Return what each imported name stands for: ``{"np": "numpy", "add": "shop.cart.add"}``."""
    aliases: Aliases = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                first = name.name.partition(".")[0]
                aliases[name.asname or first] = name.name if name.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                aliases[name.asname or name.name] = f"{node.module}.{name.name}"
    return aliases


def resolve(node: ast.expr, aliases: Aliases) -> str:
    """Return the dotted name of an expression (``os.path.join``), empty if it has none."""
    if isinstance(node, ast.Name):
        return aliases.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        base = resolve(node.value, aliases)
        return f"{base}.{node.attr}" if base else ""
    return ""


def is_imported(node: ast.expr, aliases: Aliases) -> bool:
    """Whether an expression begins with an imported name, and not with a variable like it."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in aliases


def read_text(node: ast.expr | None) -> str:
    """Return the value of a literal string, empty if it is something else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
