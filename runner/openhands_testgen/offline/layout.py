"""Expressions and statements as text: double quotes, trailing commas, lines of 100 columns."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LINE_LENGTH = 100
INDENT = "    "
_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.MatMult: "@",
}
_UNARY: dict[type[ast.unaryop], str] = {
    ast.USub: "-",
    ast.UAdd: "+",
    ast.Invert: "~",
    ast.Not: "not ",
}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
_ATOMS = (
    *(ast.Constant, ast.Name, ast.Attribute, ast.Call, ast.Subscript),
    *(ast.List, ast.Tuple, ast.Set, ast.Dict),
)


def render_flat(node: ast.AST) -> str:
    """Render an expression or a simple statement on one line."""
    match node:
        case ast.Constant(value=value):
            return quote(value) if isinstance(value, str | bytes) else ast.unparse(node)
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=owner, attr=name):
            return f"{wrap(owner, is_owner=True)}.{name}"
        case ast.Call(func=function):
            return f"{wrap(function)}({', '.join(_render_arguments(node))})"
        case ast.Starred(value=value):
            return f"*{wrap(value)}"
        case ast.List() | ast.Tuple() | ast.Set() | ast.Dict():
            opening, items, closing = _open(node)
            comma = "," if isinstance(node, ast.Tuple) and len(items) == 1 else ""
            return f"{opening}{', '.join(items)}{comma}{closing}"
        case ast.Subscript(value=owner, slice=index):
            return f"{wrap(owner)}[{_render_index(index)}]"
        case ast.Assign(targets=[target], value=value):
            return f"{render_flat(target)} = {render_flat(value)}"
        case ast.AugAssign(target=target, op=operation, value=value):
            return f"{render_flat(target)} {_BINARY[type(operation)]}= {render_flat(value)}"
        case ast.Delete(targets=[target]):
            return f"del {render_flat(target)}"
        case ast.Expr(value=value):
            return render_flat(value)
    return _render_operation(node)


def render(node: ast.AST, indent: str = "", before: str = "", after: str = "") -> str:
    """Render an expression between two texts, on several lines if one is too short.

    The first line comes without ``indent``, which counts all the same.
    """
    flat = f"{before}{render_flat(node)}{after}"
    if len(indent) + len(flat) <= LINE_LENGTH:
        return flat
    inner = indent + INDENT
    if isinstance(node, ast.Call) and (node.args or node.keywords):
        head = f"{before}{wrap(node.func)}("
        parts = [*node.args, *node.keywords]
        if len(parts) == 1 and _is_bracket(parts[0]):
            return render(parts[0], indent, head, f"){after}")
        lines = [render(part, inner, "", ",") for part in parts]
        return _explode(head, lines, f"){after}", indent)
    if isinstance(node, ast.List | ast.Tuple | ast.Set) and node.elts:
        opening, _, closing = _open(node)
        lines = [render(item, inner, "", ",") for item in node.elts]
        return _explode(f"{before}{opening}", lines, f"{closing}{after}", indent)
    if isinstance(node, ast.Dict) and node.keys:
        lines = [
            render(value, inner, f"{render_flat(key)}: " if key else "**", ",")
            for key, value in zip(node.keys, node.values, strict=True)
        ]
        return _explode(f"{before}{{", lines, f"}}{after}", indent)
    if isinstance(node, ast.keyword):
        return render(node.value, indent, f"{before}{node.arg}=", after)
    return flat


def quote(value: str | bytes) -> str:
    """Return a literal, in double quotes unless that takes more backslashes.

    >>> print(quote("it's"), quote('a "b"'), quote(b"c"))
    "it's" 'a "b"' b"c"
    """
    mark = '"' if isinstance(value, str) else b'"'
    if mark in value:  # type: ignore[operator] # of the same type
        return repr(value)
    # A single quote within makes Python choose the double ones.
    if isinstance(value, bytes):
        return 'b"' + repr(b"'" + value)[3:]
    return '"' + repr("'" + value)[2:]


def _explode(head: str, lines: Iterable[str], tail: str, indent: str) -> str:
    inner = indent + INDENT
    body = "".join(f"{inner}{line}\n" for line in lines)
    return f"{head}\n{body}{indent}{tail}"


def _is_bracket(node: ast.AST) -> bool:
    return isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict)


def _open(node: ast.List | ast.Tuple | ast.Set | ast.Dict) -> tuple[str, list[str], str]:
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        items = [f"{render_flat(k) if k else '**'}: {render_flat(v)}" for k, v in pairs]
        return "{", items, "}"
    marks = {ast.List: "[]", ast.Tuple: "()", ast.Set: "{}"}[type(node)]
    return marks[0], [render_flat(item) for item in node.elts], marks[1]


def _render_arguments(node: ast.Call) -> list[str]:
    keywords = [f"{one.arg}={render_flat(one.value)}" for one in node.keywords]
    return [render_flat(one) for one in node.args] + keywords


def _render_index(node: ast.expr) -> str:
    if isinstance(node, ast.Slice):
        step = f":{_render_optional(node.step)}" if node.step else ""
        return f"{_render_optional(node.lower)}:{_render_optional(node.upper)}{step}"
    return render_flat(node)


def _render_optional(node: ast.expr | None) -> str:
    return render_flat(node) if node else ""


def _render_operation(node: ast.AST) -> str:
    match node:
        case ast.UnaryOp(op=operation, operand=operand):
            return f"{_UNARY[type(operation)]}{wrap(operand)}"
        case ast.BinOp(left=left, op=operation, right=right):
            is_power = isinstance(operation, ast.Pow) and isinstance(left, ast.UnaryOp)
            base = f"({render_flat(left)})" if is_power else wrap(left)
            return f"{base} {_BINARY[type(operation)]} {wrap(right)}"
        case ast.Compare(left=left, ops=operations, comparators=others):
            return wrap(left) + "".join(
                f" {_COMPARISONS[type(one)]} {wrap(other)}"
                for one, other in zip(operations, others, strict=True)
            )
        case ast.BoolOp(op=operation, values=values):
            word = " and " if isinstance(operation, ast.And) else " or "
            return word.join(wrap(value) for value in values)
        case ast.keyword(arg=name, value=value):
            return f"{name}={render_flat(value)}"
    return ast.unparse(node)


def wrap(node: ast.AST, *, is_owner: bool = False) -> str:
    """Render an operand, in parentheses unless it needs none."""
    is_number = isinstance(node, ast.Constant) and isinstance(node.value, int | float | complex)
    is_negative = isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)
    is_atom = isinstance(node, _ATOMS) and not (is_owner and is_number)
    text = render_flat(node)
    return text if is_atom or (is_negative and not is_owner) else f"({text})"


def join_blocks(blocks: Sequence[str]) -> str:
    """Join top-level blocks with two blank lines between."""
    return "\n\n\n".join(block.strip("\n") for block in blocks) + "\n"
