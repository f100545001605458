"""What one assertion is worth: nothing, if it holds whatever the module does."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from openhands_testgen.domain.expected import get_last_name
from openhands_testgen.verification.rules.names import Aliases, resolve

if TYPE_CHECKING:
    from collections.abc import Collection

CONSTANT, SELF, NOT_NONE, ALWAYS_EQUAL = (
    "constant-assertion",
    "self-comparison",
    "only-not-none",
    "always-equal",
)
_LIVE = (ast.Name, ast.Attribute, ast.Call, ast.Await, ast.Subscript, ast.NamedExpr, ast.Yield)
_REFLEXIVE = (ast.Eq, ast.Is, ast.LtE, ast.GtE)
_ANY = {"unittest.mock.ANY", "mock.ANY"}


def find_flaw(test: ast.expr, aliases: Aliases, equal_to_all: Collection[str]) -> str:
    """Return why an asserted expression is worth nothing, empty if it is worth something.

    ``equal_to_all`` are names of classes and objects that are equal to everything.
    """
    if _is_constant(test):
        return "" if _is_false(test) else CONSTANT
    if _is_always_true(test):
        return CONSTANT
    if isinstance(test, ast.BoolOp):
        flaws = [find_flaw(value, aliases, equal_to_all) for value in test.values]
        if isinstance(test.op, ast.Or):
            return next((flaw for flaw in flaws if flaw and flaw != NOT_NONE), "")
        return flaws[0] if all(flaws) else ""
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _find_flaw_of_comparison(test, aliases, equal_to_all)
    return ""


def find_flaw_of_call(call: ast.Call, aliases: Aliases, equal_to_all: Collection[str]) -> str:
    """Return why a call such as ``self.assertEqual(1, 1)`` is worth nothing, empty if it is."""
    name, arguments = get_last_name(call), call.args
    if name == "assertIsNotNone":
        return NOT_NONE
    if name == "assertTrue" and arguments:
        return find_flaw(arguments[0], aliases, equal_to_all)
    if name in {"assertEqual", "assertIs", "assertEquals"} and len(arguments) > 1:
        comparison = ast.Compare(arguments[0], [ast.Eq()], [arguments[1]])
        return find_flaw(comparison, aliases, equal_to_all)
    return ""


def _find_flaw_of_comparison(
    test: ast.Compare, aliases: Aliases, equal_to_all: Collection[str]
) -> str:
    left, operator, right = test.left, test.ops[0], test.comparators[0]
    if isinstance(operator, _REFLEXIVE) and _is_place(left) and ast.dump(left) == ast.dump(right):
        return SELF
    if isinstance(operator, ast.IsNot | ast.NotEq) and _is_none(right):
        return NOT_NONE
    if isinstance(operator, ast.GtE) and get_last_name(left) == "len" and _is_zero(right):
        return CONSTANT
    if isinstance(operator, ast.Eq) and any(
        _is_equal_to_all(side, aliases, equal_to_all) for side in (left, right)
    ):
        return ALWAYS_EQUAL
    return ""


def _is_constant(node: ast.expr) -> bool:
    return not any(isinstance(inner, _LIVE) for inner in ast.walk(node))


def _is_false(node: ast.expr) -> bool:
    """Whether it fails where it stands: ``assert False`` behind what should have raised."""
    return isinstance(node, ast.Constant) and not node.value


def _is_always_true(node: ast.expr) -> bool:
    """Whether it is true whatever is in it: a tuple with a message, a text with values, ..."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return bool(node.elts) and not any(isinstance(one, ast.Starred) for one in node.elts)
    if isinstance(node, ast.Call) and get_last_name(node) == "isinstance" and len(node.args) > 1:
        return get_last_name(node.args[1]) == "object"
    return isinstance(node, ast.Lambda)


def _is_place(node: ast.expr) -> bool:
    """Whether it only names something; two equal calls can have two results."""
    return not any(isinstance(inner, ast.Call | ast.Await) for inner in ast.walk(node))


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0


def _is_equal_to_all(node: ast.expr, aliases: Aliases, equal_to_all: Collection[str]) -> bool:
    if isinstance(node, ast.Call):
        node = node.func
    return resolve(node, aliases) in _ANY or (
        isinstance(node, ast.Name) and node.id in equal_to_all
    )
