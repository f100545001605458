"""What can be changed at a site: each operator yields nodes to stand there instead.

``None`` in the place of a node removes it from its list.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Callable, Optional

from openhands_testgen.verification.inside.sites import Site, get_last_name

Nodes = Iterator[Optional[ast.AST]]
Operators = tuple[tuple[str, Callable[[Site], Nodes]], ...]
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}
_TWINS = (
    ("all", "any"),
    ("endswith", "startswith"),
    ("find", "rfind"),
    ("index", "rindex"),
    ("lower", "upper"),
    ("lstrip", "rstrip"),
    ("max", "min"),
    ("partition", "rpartition"),
    ("split", "rsplit"),
)
CALLS = {**dict(_TWINS), **{second: first for first, second in _TWINS}, "strip": "lstrip"}
# Without these a program does the same, or only its speed and its messages differ.
IDLE_DECORATORS = {"cache", "final", "lru_cache", "override", "wraps"}
IDLE_KEYWORDS = {"daemon", "encoding", "maxsize", "repr", "slots", "stacklevel"}


def change_comparison(site: Site) -> Nodes:
    """``a < b``: ``a <= b``, ``a >= b``."""
    node = site.node
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            for other in COMPARISONS[type(operator)]:
                ops = [*node.ops[:index], other(), *node.ops[index + 1 :]]
                yield _copy(node, ops=ops)


def change_arithmetic(site: Site) -> Nodes:
    """``a + b``: ``a - b``; not where text or a list is put together."""
    node = site.node
    if isinstance(node, ast.BinOp) and not (_is_sequence(node.left) or _is_sequence(node.right)):
        yield _copy(node, op=ARITHMETIC[type(node.op)]())


def change_boolean(site: Site) -> Nodes:
    """``a and b``: ``a or b``."""
    node = site.node
    if isinstance(node, ast.BoolOp):
        yield _copy(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


def drop_unary(site: Site) -> Nodes:
    """``not a``, ``-a``, ``~a``: ``a``."""
    node = site.node
    if isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.UAdd):
        yield copy.copy(node.operand)


def change_constant(site: Site) -> Nodes:
    """``1``: ``2``; ``True``: ``False``."""
    value = site.node.value if isinstance(site.node, ast.Constant) else None
    if isinstance(value, bool):
        yield _copy(site.node, value=not value)
    elif isinstance(value, (int, float, complex)):
        yield _copy(site.node, value=value + 1)


def change_text(site: Site) -> Nodes:
    """``"a"``: ``"XXaXX"``."""
    value = site.node.value if isinstance(site.node, ast.Constant) else None
    if isinstance(value, str):
        yield _copy(site.node, value=f"XX{value}XX" if value else "XX")
    elif isinstance(value, bytes):
        yield _copy(site.node, value=b"XX" + value + b"XX" if value else b"XX")


def drop_result(site: Site) -> Nodes:
    """``return a``, ``yield a``, ``lambda: a``: ``None`` for ``a``."""
    is_result = site.field == "value" and isinstance(site.owner, (ast.Return, ast.Yield))
    if is_result or (site.field == "body" and isinstance(site.owner, ast.Lambda)):
        yield from _make_none(site.node)


def drop_value(site: Site) -> Nodes:
    """``a = b``: ``a = None``; constants change otherwise."""
    is_value = isinstance(site.owner, (ast.Assign, ast.AnnAssign, ast.NamedExpr))
    if is_value and site.field == "value" and not isinstance(site.node, ast.Constant):
        yield from _make_none(site.node)


def negate_condition(site: Site) -> Nodes:
    """``if a``: ``if not a``; a comparison changes otherwise."""
    node = site.node
    if site.field not in {"test", "ifs", "guard"} or not isinstance(node, ast.expr):
        return
    is_simple = isinstance(node, ast.Compare) and len(node.ops) == 1
    if not is_simple and not isinstance(node, (ast.UnaryOp, ast.Constant)):
        yield ast.UnaryOp(op=ast.Not(), operand=node)


def change_assignment(site: Site) -> Nodes:
    """``a += b``: ``a -= b``, ``a = b``."""
    node = site.node
    if isinstance(node, ast.AugAssign):
        if not _is_sequence(node.value):
            yield _copy(node, op=ARITHMETIC[type(node.op)]())
        yield ast.Assign(targets=[node.target], value=node.value)


def shift_bound(site: Site) -> Nodes:
    """``a[b:c]``: ``a[b + 1:c]``, ``a[b:c - 1]``; constants change otherwise."""
    node = site.node
    is_bound = isinstance(site.owner, ast.Slice) and site.field in {"lower", "upper"}
    if is_bound and isinstance(node, ast.expr) and not _is_number(node):
        operator = ast.Add() if site.field == "lower" else ast.Sub()
        yield ast.BinOp(left=node, op=operator, right=ast.Constant(value=1))


def drop_exception(site: Site) -> Nodes:
    """``except (A, B)``: ``except (B,)``, ``except (A,)``; ``except A``: ``except ()``."""
    node = site.node
    if not isinstance(site.owner, ast.ExceptHandler) or site.field != "type":
        return
    if isinstance(node, ast.Tuple) and len(node.elts) > 1:
        for index in range(len(node.elts)):
            yield _copy(node, elts=[*node.elts[:index], *node.elts[index + 1 :]])
    else:
        yield ast.Tuple(elts=[], ctx=ast.Load())


def change_jump(site: Site) -> Nodes:
    """``break``: ``continue``, and the other way round."""
    if isinstance(site.node, ast.Break):
        yield ast.Continue()
    elif isinstance(site.node, ast.Continue):
        yield ast.Break()


def delete_statement(site: Site) -> Nodes:
    """A call, a ``raise``, a ``del`` or an assignment to a part of something: ``pass``."""
    node = site.node
    if isinstance(node, ast.Expr):
        called = node.value.value if isinstance(node.value, ast.Await) else node.value
        is_deleted = isinstance(called, ast.Call)
    elif isinstance(node, ast.Assign):
        is_deleted = all(isinstance(one, (ast.Attribute, ast.Subscript)) for one in node.targets)
    else:
        is_deleted = isinstance(node, (ast.Raise, ast.Delete, ast.AugAssign))
    if is_deleted:
        yield ast.Pass()


def drop_argument(site: Site) -> Nodes:
    """``f(a)``: ``f(None)``; what is computed there changes otherwise."""
    node = site.node
    if isinstance(site.owner, ast.Call) and site.field == "args":
        is_changed_so = isinstance(node, (ast.Name, ast.Attribute, ast.Call))
        if is_changed_so and get_last_name(node) != "__name__":  # type: ignore[arg-type]  # it is one
            yield from _make_none(node)


def drop_keyword(site: Site) -> Nodes:
    """``f(a, b=c)``: ``f(a)``."""
    node = site.node
    name = node.arg if isinstance(node, ast.keyword) else None
    if name and name not in IDLE_KEYWORDS and isinstance(site.owner, ast.Call):
        yield None


def drop_decorator(site: Site) -> Nodes:
    """``@a def b``: ``def b``."""
    node = site.node
    name = get_last_name(node) if isinstance(node, ast.expr) else ""
    if site.field == "decorator_list" and name not in IDLE_DECORATORS:
        yield None


def change_call(site: Site) -> Nodes:
    """``a.lower()``: ``a.upper()``."""
    node = site.node
    if site.field == "func" and isinstance(site.owner, ast.Call):
        if isinstance(node, ast.Attribute) and node.attr in CALLS:
            yield _copy(node, attr=CALLS[node.attr])
        elif isinstance(node, ast.Name) and node.id in CALLS:
            yield _copy(node, id=CALLS[node.id])


OPERATORS: Operators = (
    ("comparison", change_comparison),
    ("arithmetic", change_arithmetic),
    ("boolean", change_boolean),
    ("unary", drop_unary),
    ("constant", change_constant),
    ("text", change_text),
    ("result", drop_result),
    ("value", drop_value),
    ("condition", negate_condition),
    ("assignment", change_assignment),
    ("bound", shift_bound),
    ("exception", drop_exception),
    ("jump", change_jump),
    ("deletion", delete_statement),
    ("argument", drop_argument),
    ("keyword", drop_keyword),
    ("decorator", drop_decorator),
    ("call", change_call),
)


def _copy(node: ast.AST, **changes: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


def _make_none(node: ast.AST) -> Nodes:
    if not (isinstance(node, ast.Constant) and node.value is None):
        yield ast.Constant(value=None)


def _is_sequence(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (str, bytes))
    return isinstance(node, (ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp))


def _is_number(node: ast.expr) -> bool:
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(inner, ast.Constant)
