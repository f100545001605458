"""What a function does with its parameters tells what they are."""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING

from .kinds import Kind, join

if TYPE_CHECKING:
    from collections.abc import Iterable

_STR, _NUMBER, _INT = Kind("str"), Kind("number"), Kind("int")
_LIST, _DICT, _ITERABLE = Kind("list"), Kind("dict"), Kind("iterable")
_METHODS: dict[str, tuple[str, ...]] = {
    "str": (
        "lower",
        "upper",
        "strip",
        "lstrip",
        "rstrip",
        "split",
        "rsplit",
        "splitlines",
        "startswith",
        "endswith",
        "replace",
        "join",
        "encode",
        "title",
        "capitalize",
        "isdigit",
        "isalpha",
        "isalnum",
        "isupper",
        "islower",
        "isspace",
        "zfill",
        "ljust",
        "rjust",
        "center",
        "partition",
        "rpartition",
        "casefold",
        "swapcase",
        "translate",
        "format",
        "expandtabs",
    ),
    "dict": ("items", "keys", "values", "get", "setdefault", "popitem"),
    "list": ("append", "extend", "insert", "sort", "reverse"),
    "set": ("add", "discard", "union", "intersection", "issubset", "issuperset"),
    "bytes": ("decode", "hex"),
    "datetime": ("strftime", "isoformat", "weekday", "isoweekday", "timestamp", "utcoffset"),
    "timedelta": ("total_seconds",),
    "decimal": ("quantize", "as_tuple", "is_signed"),
    "textio": ("read", "readline", "readlines", "write"),
    "pattern": ("match", "search", "fullmatch", "findall", "finditer", "sub"),
    "float": ("is_integer",),
    "match": ("group", "groups", "groupdict", "span"),
}
_BY_METHOD = {name: Kind(kind) for kind, names in _METHODS.items() for name in names}
_ATTRIBUTES = {
    **dict.fromkeys(("year", "month", "day"), Kind("date")),
    **dict.fromkeys(("hour", "minute", "tzinfo"), Kind("datetime")),
    **dict.fromkeys(("days", "seconds", "microseconds"), Kind("timedelta")),
    **dict.fromkeys(("numerator", "denominator"), Kind("fraction")),
    **dict.fromkeys(("real", "imag"), _NUMBER),
}
_FUNCTIONS: dict[str, tuple[Kind, ...]] = {
    "ord": (Kind("char"),),
    "chr": (_INT,),
    "range": (_INT,),
    "abs": (_NUMBER,),
    "round": (_NUMBER,),
    "divmod": (_NUMBER,),
    "float": (_NUMBER, _STR),
    "int": (_INT, _STR),
    "bin": (_INT,),
    "hex": (_INT,),
    "len": (_STR, _LIST),
    "sum": (Kind("list", (_NUMBER,)),),
    "dict": (_DICT,),
    "islice": (_ITERABLE,),
    **dict.fromkeys(
        [
            "list",
            "tuple",
            "set",
            "sorted",
            "iter",
            "enumerate",
            "zip",
            "max",
            "min",
            "any",
            "all",
            "reversed",
            "frozenset",
            "chain",
            "deque",
            "Counter",
            "groupby",
            "tee",
            "next",
        ],
        (_ITERABLE,),
    ),
}
_LATE_ITERABLES = {"map": 1, "filter": 1, "reduce": 1, "starmap": 1}
_NUMERIC_OPERATORS = (ast.Sub, ast.Div, ast.FloorDiv, ast.Pow, ast.LShift, ast.RShift)


class Usage(ast.NodeVisitor):
    """Collects kinds by parameter from one function's body.

    ``links`` are the calls that pass a parameter on: parameter, called name, and position.
    """

    def __init__(self, names: Iterable[str]) -> None:
        """Take the parameters' names."""
        self.kinds: dict[str, list[Kind]] = defaultdict(list)
        self.links: list[tuple[str, str, int]] = []
        self._items: dict[str, str] = {}  # a loop's variable, and the parameter that it runs over
        self._attributes: dict[str, set[str]] = defaultdict(set)
        self._names = set(names)

    def get_kinds(self, name: str) -> tuple[Kind, ...]:
        """Return the kinds of one parameter, the most certain ones first."""
        items = self.get_kinds(f"{name}[]") if not name.endswith("[]") else ()
        attributes = sorted(self._attributes.get(name, ()))
        if attributes and not self.kinds.get(name):
            return (Kind("attributes", (), " ".join(attributes)),)
        found = [
            Kind(kind.name, items) if kind.name in {"iterable", "list"} and items else kind
            for kind in self.kinds.get(name, ())
        ]
        return join(found)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """A method or an attribute that only some kinds have."""
        kind = _BY_METHOD.get(node.attr) or _ATTRIBUTES.get(node.attr)
        self._add(node.value, kind)
        known = self._find(node.value)
        if known and kind is None and not node.attr.startswith("_"):
            self._attributes[known].add(node.attr)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """Passing a parameter on, or calling it."""
        self._add(node.func, Kind("callable"))
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        for position, argument in enumerate(node.args):
            if isinstance(argument, ast.Starred):
                self._add(argument.value, _ITERABLE)
                continue
            known = self._find(argument)
            if known:
                self.links.append((known, name, position))
            if name in _LATE_ITERABLES and position >= _LATE_ITERABLES[name]:
                self._add(argument, _ITERABLE)
            elif name in _LATE_ITERABLES:
                self._add(argument, Kind("callable"))
        if name == "isinstance" and len(node.args) > 1:
            self._add_classes(node.args[0], node.args[1])
        elif node.args:
            for kind in _FUNCTIONS.get(name, ()):
                self._add(node.args[0], kind)
        if (
            name in {"join", "match", "search", "fullmatch", "sub", "findall", "split"}
            and node.args
        ):
            self._add(node.args[-1], Kind("list", (_STR,)) if name == "join" else _STR)
        self.generic_visit(node)

    def visit_For(self, node: ast.For | ast.comprehension) -> None:
        """Running over a parameter."""
        known = self._find(node.iter)
        self._add(node.iter, _ITERABLE)
        if known and isinstance(node.target, ast.Name):
            self._items[node.target.id] = known
        elif known and isinstance(node.target, ast.Tuple):
            size = len(node.target.elts)
            self.kinds[f"{known}[]"].append(Kind("tuple", (Kind("any"),) * size, "fixed"))
        self.generic_visit(node)

    visit_comprehension = visit_For

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        """What it runs over first, then what is done with each."""
        for generator in node.generators:
            self.visit(generator)
        self.visit(node.elt)

    visit_SetComp = visit_GeneratorExp = visit_ListComp  # noqa: N815 - ast calls them so

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Looking something up in a parameter."""
        if isinstance(node.slice, ast.Slice):
            self._add(node.value, _STR)
            self._add(node.value, _LIST)
        elif isinstance(node.slice, ast.Constant):
            is_key = isinstance(node.slice.value, str)
            self._add(node.value, Kind("dict", (_STR,)) if is_key else _LIST)
        else:
            self._add(node.value, _LIST)
            self._add(node.value, _DICT)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Computing with a parameter."""
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(node.op, _NUMERIC_OPERATORS) or (
                isinstance(other, ast.Constant) and type(other.value) in {int, float}
            ):
                self._add(one, _NUMBER)
            elif isinstance(other, (ast.Constant, ast.JoinedStr)) and isinstance(node.op, ast.Add):
                self._add(one, _STR)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Comparing a parameter."""
        sides = [node.left, *node.comparators]
        for one, operation, other in zip(sides, node.ops, sides[1:]):
            for this, that in ((one, other), (other, one)):
                self._compare(this, operation, that)
        self.generic_visit(node)

    def _compare(self, this: ast.expr, operation: ast.cmpop, that: ast.expr) -> None:
        if isinstance(that, ast.Constant) and that.value is not None:
            name = type(that.value).__name__
            if isinstance(operation, (ast.In, ast.NotIn)):
                self._add(this, _STR if name == "str" else _LIST)
            else:
                self._add(this, _NUMBER if name in {"int", "float"} else Kind(name))
        elif isinstance(operation, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
            self._add(this, _NUMBER)
        elif isinstance(that, (ast.List, ast.Tuple, ast.Set)) and that.elts:
            first = that.elts[0]
            if isinstance(first, ast.Constant):
                self._add(this, Kind(type(first.value).__name__))

    def _add_classes(self, argument: ast.expr, classes: ast.expr) -> None:
        for one in classes.elts if isinstance(classes, ast.Tuple) else [classes]:
            name = one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", "")
            self._add(argument, Kind("named", (), name))

    def _add(self, node: ast.expr, kind: Kind | None) -> None:
        known = self._find(node)
        if known and kind is not None:
            self.kinds[known].append(kind)

    def _find(self, node: ast.expr) -> str:
        """Return the parameter that an expression is, or ``p[]`` for one of its items."""
        if not isinstance(node, ast.Name):
            return ""
        if node.id in self._items:
            return f"{self._items[node.id]}[]"
        return node.id if node.id in self._names else ""


def study(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Usage:
    """Return what a function's body tells of its parameters."""
    args = function.args
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    every += [one for one in (args.vararg, args.kwarg) if one]
    usage = Usage(one.arg for one in every)
    for statement in function.body:
        usage.visit(statement)
    return usage
