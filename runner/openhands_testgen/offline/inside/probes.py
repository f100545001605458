"""The module's source with probes at its decisions: they tell which values were compared.

Each probe has a number, the *site*. What a probe saw becomes a feature (``d12=`` : equal at
site 12) that the search collects like lines, and a hint: the two values that met there.
"""

from __future__ import annotations

import ast
import operator
import re
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMPARISONS: dict[type[ast.cmpop], str] = {
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
OPERATIONS: dict[str, Callable[..., object]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
    "is": operator.is_,
    "is not": operator.is_not,
}
ASKING = frozenset({"isinstance", "issubclass", "hasattr", "callable"})
METHODS = frozenset(
    [
        "startswith",
        "endswith",
        "find",
        "rfind",
        "index",
        "split",
        "rsplit",
        "partition",
        "rpartition",
        "count",
        "replace",
        "strip",
        "lstrip",
        "rstrip",
        "removeprefix",
        "removesuffix",
        "isdigit",
        "isalpha",
        "isalnum",
        "isupper",
        "islower",
        "isspace",
        "isnumeric",
        "isdecimal",
        "isidentifier",
        "istitle",
        "isascii",
        "get",
        "match",
        "search",
        "fullmatch",
        "findall",
        "finditer",
        "sub",
    ]
)
COMPARE = "__testgen_compare__"
DECIDE = "__testgen_decide__"
METHOD = "__testgen_method__"
ASK = "__testgen_ask__"
ITEM = "__testgen_item__"
PATTERN_METHODS = frozenset({"match", "search", "fullmatch", "findall", "finditer", "sub"})
MAX_SEEN_PER_SITE = 200
MAX_HINTS = 120
MAX_TABLE = 60
MAX_HINTS_PER_SITE = 3


class Hint(NamedTuple):
    """Two values that met at a site, and how."""

    site: int
    operation: str
    left: object
    right: object


class Recorder:
    """Carries out what the probes stand for, and notes what it saw."""

    def __init__(self) -> None:
        """Start with nothing seen; ``words`` are the texts that stand in the module."""
        self.is_on = False
        self.words: frozenset[object] = frozenset()
        self.clear()

    def clear(self) -> None:
        """Forget what was seen."""
        self.features: set[str] = set()
        self.hints: list[Hint] = []
        self._seen: dict[int, int] = {}

    def list_probes(self) -> dict[str, Callable[..., object]]:
        """Return the functions that instrumented source calls, by name."""
        return {
            COMPARE: self.compare,
            DECIDE: self.decide,
            METHOD: self.call_method,
            ASK: self.ask,
            ITEM: self.get_item,
        }

    def compare(self, site: int, operation: str, left: object, right: object) -> object:
        """Compare, and note how close the two were."""
        outcome = OPERATIONS[operation](left, right)
        if self._is_wanted(site):
            self._note(site, operation, left, right, outcome)
        return outcome

    def decide(self, site: int, value: object) -> object:
        """Return a condition's value, and note whether it holds."""
        if self._is_wanted(site):
            self._note(site, "truth", value, None, outcome=value)
        return value

    def call_method(
        self, site: int, owner: object, name: str, *args: object, **kwargs: object
    ) -> object:
        """Call a method, and note what it was asked."""
        outcome = getattr(owner, name)(*args, **kwargs)
        if self._is_wanted(site) and type(owner).__module__ in {"builtins", "re"}:
            first, second = (owner, *args, None)[:2] if owner is not re else (*args, None)[:2]
            self._note(site, name, first, second, outcome)
            self._note_entry(site, name, first, second, outcome)
        return outcome

    def ask(self, site: int, name: str, function: Callable[..., object], *args: object) -> object:
        """Call a function that asks what a value is, and note what was asked for."""
        outcome = function(*args)
        if self._is_wanted(site):
            self._note(site, name, args[0], args[1] if len(args) > 1 else None, outcome)
        return outcome

    def get_item(self, site: int, owner: object, key: object) -> object:
        """Look something up, and note where."""
        if self._is_wanted(site) and isinstance(owner, dict):
            self._note(site, "[]", owner, key, outcome=True)
            self._note_entry(site, "[]", owner, key, outcome=True)
        return owner[key]  # type: ignore[index] # whatever the module does

    def _note_entry(
        self, site: int, operation: str, left: object, right: object, outcome: object
    ) -> None:
        """Note which of a table's entries, or of its patterns, was the one.

        A table is code too: each of its lines decides something.
        """
        if operation in PATTERN_METHODS:
            name = left.pattern if isinstance(left, re.Pattern) else left
            if name not in self.words:
                return
            if outcome and isinstance(name, (str, bytes)):
                self.features.add(f"d{site}/{shorten(name)}")
            elif isinstance(name, str) and len(self.hints) < MAX_HINTS:
                self.hints.append(Hint(site, operation, name, right))
        elif operation in {"get", "[]"} and isinstance(left, dict) and len(left) <= MAX_TABLE:
            is_known = right in self.words and right in left
            self.features.update([f"d{site}/{shorten(str(right))}"] if is_known else [])

    def _is_wanted(self, site: int) -> bool:
        if not self.is_on:
            return False
        seen = self._seen[site] = self._seen.get(site, 0) + 1
        return seen <= MAX_SEEN_PER_SITE

    def _note(
        self,
        site: int,
        operation: str,
        left: object,
        right: object,
        outcome: Any,  # noqa: ANN401
    ) -> None:
        self.is_on = False  # comparing calls the module's own methods
        try:
            feature = f"d{site}{classify(operation, left, right, outcome)}"
        except Exception:  # noqa: BLE001 - foreign values
            return
        finally:
            self.is_on = True
        is_new = feature not in self.features
        self.features.add(feature)
        if is_new and sum(hint.site == site for hint in self.hints) < MAX_HINTS_PER_SITE:
            self.hints.append(Hint(site, operation, left, right))


def shorten(name: str | bytes) -> str:
    """Return a few characters that stand for a text, the same ones in every process."""
    data = name if isinstance(name, bytes) else name.encode("utf-8", "replace")
    return f"{zlib.crc32(data):x}"


def classify(operation: str, left: object, right: object, outcome: object) -> str:
    """Return which of the kinds of outcome that a decision can have this is.

    For numbers that are compared: far below, just below, equal, just above, far above.

    >>> classify("<", 4, 5, True), classify("<", 5, 5, False), classify("==", "a", "b", False)
    ('<1', '=', '-')
    """
    is_number = isinstance(left, (int, float)) and isinstance(right, (int, float))
    if operation in {"==", "!=", "<", "<=", ">", ">="} and is_number:
        difference = left - right  # type: ignore[operator] # both are numbers
        if difference == 0:
            return "="
        sign = "<" if difference < 0 else ">"
        return f"{sign}1" if abs(difference) <= 1 else sign
    return "+" if bool(outcome) else "-"


class Instrumenter(ast.NodeTransformer):
    """Puts probes into a module; lines stay where they are."""

    def __init__(self) -> None:
        """Start at site 1."""
        self._sites = 0

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """Probe each comparison."""
        self.generic_visit(node)
        pairs = list(_split_chain(node))
        if not pairs:
            return node
        parts: list[ast.expr] = [
            self._call(COMPARE, node, ast.Constant(name), *pair) for name, *pair in pairs
        ]
        whole = parts[0] if len(parts) == 1 else ast.BoolOp(ast.And(), parts)
        return ast.copy_location(whole, node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Probe what is asked of values."""
        self.generic_visit(node)
        if any(isinstance(one, ast.Starred) for one in node.args) or not _is_plain(node):
            return node
        function = node.func
        if isinstance(function, ast.Name) and function.id in ASKING and node.args:
            return self._call(ASK, node, ast.Constant(function.id), function, *node.args)
        if isinstance(function, ast.Attribute) and function.attr in METHODS:
            name = ast.copy_location(ast.Constant(function.attr), node)
            call = self._call(METHOD, node, function.value, name, *node.args)
            call.keywords = node.keywords
            return call
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """Probe where something is looked up."""
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load) or isinstance(node.slice, (ast.Slice, ast.Tuple)):
            return node
        return self._call(ITEM, node, node.value, node.slice)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        """Probe each side of ``and`` and ``or``."""
        self.generic_visit(node)
        node.values = [self._decide(value) for value in node.values]
        return node

    def visit_If(self, node: ast.If) -> ast.stmt:
        """Probe a condition."""
        self.generic_visit(node)
        node.test = self._decide(node.test)
        return node

    def visit_While(self, node: ast.While) -> ast.stmt:
        """Probe a condition."""
        self.generic_visit(node)
        node.test = self._decide(node.test)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        """Probe a condition."""
        self.generic_visit(node)
        node.test = self._decide(node.test)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        """Probe the conditions of a comprehension."""
        self.generic_visit(node)
        node.ifs = [self._decide(test) for test in node.ifs]
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """Leave annotations alone."""
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        """Leave annotations alone."""
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        """Leave annotations alone."""
        returns, node.returns = node.returns, None
        self.generic_visit(node)
        node.returns = returns
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment] # noqa: N815 - ast's name

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Leave patterns of ``match`` alone: they are no expressions."""
        if type(node).__name__.startswith("Match") and type(node).__name__ != "Match":
            return node
        return super().generic_visit(node)

    def _decide(self, test: ast.expr) -> ast.expr:
        if isinstance(test, (ast.Constant, ast.Name)) and not _is_variable(test):
            return test
        return self._call(DECIDE, test, test)

    def _call(self, probe: str, node: ast.expr, *args: ast.expr) -> ast.Call:
        self._sites += 1
        values = [ast.Constant(self._sites), *args]
        call = ast.Call(ast.Name(probe, ast.Load()), values, [])
        return ast.fix_missing_locations(ast.copy_location(call, node))


def instrument(tree: ast.Module) -> frozenset[object]:
    """Put probes into a module's tree; return the texts and numbers that stand in it."""
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    Instrumenter().visit(tree)
    ast.fix_missing_locations(tree)
    return frozenset(value for value in constants if type(value) in {str, bytes, int})


def _split_chain(node: ast.Compare) -> Iterator[tuple[str, ast.expr, ast.expr]]:
    """Split ``a < b < c`` if evaluating ``b`` twice does nothing."""
    middle = node.comparators[:-1]
    if all(isinstance(one, (ast.Name, ast.Constant)) for one in middle):
        for left, kind, right in zip([node.left, *middle], node.ops, node.comparators):
            yield COMPARISONS[type(kind)], left, right


def _is_plain(node: ast.Call) -> bool:
    return all(one.arg for one in node.keywords)


def _is_variable(test: ast.Constant | ast.Name) -> bool:
    return isinstance(test, ast.Name) and test.id not in {"TYPE_CHECKING", "__debug__"}
