"""The checks of a test: assertions, expected exceptions, and whether they can ever fail."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openhands_testgen.domain.expected import get_last_name
from openhands_testgen.verification.rules.names import Aliases, resolve
from openhands_testgen.verification.rules.worth import find_flaw, find_flaw_of_call

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

SWALLOWED, UNREACHABLE, EMPTY_LOOP = "swallowed", "unreachable", "empty-loop"
BROAD, OWN_FAILURE, NEVER_CALLED = "broad-exception", "expects-own-failure", "never-called"

_CATCH_ALL = {"Exception", "BaseException", "AssertionError", "builtins.Exception"}
_RAISES = {"raises", "assertRaises", "assertRaisesRegex", "warns", "assertWarns", "deprecated_call"}
_CHECK_CALLS = {*_RAISES, "fail", "assertWarnsRegex", "assertLogs", "assertNoLogs"}
_CHECK_WORDS = ("assert", "check", "verify", "expect", "ensure", "should", "raises", "validate")
_ENDS = {"pytest.skip", "pytest.fail", "pytest.exit", "pytest.xfail", "sys.exit", "os._exit"}
_EMPTY_CALLS = {"list", "tuple", "set", "dict", "frozenset", "str"}


@dataclass(frozen=True, slots=True)
class Check:
    """One check; ``flaw`` is why it is worth nothing, empty if it is worth something."""

    line: int
    flaw: str = ""


@dataclass(frozen=True, slots=True)
class CheckFinder:
    """Finds the checks in a function.

    ``equal_to_all`` are names of classes whose objects equal everything; ``empty`` are names that
    hold nothing; ``own`` are functions of the file, which are looked at themselves;
    ``raises_plainly`` says that the module itself raises a plain ``Exception``.
    """

    aliases: Aliases
    equal_to_all: Collection[str] = ()
    empty: Collection[str] = ()
    own: Collection[str] = ()
    raises_plainly: bool = False

    def find(self, node: ast.AST) -> list[Check]:
        """Return all checks in a function or class, in order."""
        if isinstance(node, ast.ClassDef):
            return [check for method in node.body for check in self.find(method)]
        return list(self._walk(node.body, "")) if isinstance(node, _FUNCTIONS) else []

    def _walk(self, body: Iterable[ast.stmt], flaw: str) -> Iterator[Check]:
        body = list(body)
        for statement in body:
            yield from self._visit(statement, flaw, body)
            if self._ends(statement):
                flaw = flaw or UNREACHABLE

    def _visit(self, node: ast.stmt, flaw: str, body: list[ast.stmt]) -> Iterator[Check]:
        match node:
            case ast.Assert():
                found = find_flaw(node.test, self.aliases, self.equal_to_all)
                yield Check(node.lineno, flaw or found)
            case ast.Raise():
                yield Check(node.lineno, flaw)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                is_called = bool(node.decorator_list) or any(
                    _mentions(one, node.name) for one in body if one is not node
                )
                yield from self._walk(node.body, flaw or ("" if is_called else NEVER_CALLED))
            case ast.ClassDef():
                for method in node.body:
                    inner = method.body if isinstance(method, _FUNCTIONS) else []
                    yield from self._walk(inner, flaw)
            case _:
                yield from self._visit_block(node, flaw)

    def _visit_block(self, node: ast.stmt, flaw: str) -> Iterator[Check]:
        match node:
            case ast.With() | ast.AsyncWith():
                yield from self._visit_with(node, flaw)
            case ast.Try() | ast.TryStar():
                yield from self._visit_try(node, flaw)
            case ast.For() | ast.AsyncFor():
                nothing = EMPTY_LOOP if self.is_empty(node.iter) else ""
                yield from self._visit_calls(node.iter, flaw)
                yield from self._walk(node.body, flaw or nothing)
                yield from self._walk(node.orelse, flaw)
            case ast.If() | ast.While():
                yield from self._visit_condition(node, flaw)
            case ast.Match():
                for case in node.cases:
                    yield from self._walk(case.body, flaw)
            case _:
                yield from self._visit_calls(node, flaw)

    def _visit_calls(self, node: ast.AST, flaw: str) -> Iterator[Check]:
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and self._is_check(call):
                found = find_flaw_of_call(call, self.aliases, self.equal_to_all)
                yield Check(call.lineno, flaw or self._find_breadth(call, ()) or found)

    def _visit_with(self, node: ast.With | ast.AsyncWith, flaw: str) -> Iterator[Check]:
        inner = flaw
        for item in node.items:
            call = item.context_expr
            if isinstance(call, ast.Call):
                if resolve(call.func, self.aliases).endswith("suppress"):
                    inner = inner or (SWALLOWED if self._catches(call.args) else "")
                elif self._is_check(call):
                    breadth = self._find_breadth(call, node.body)
                    yield Check(call.lineno, flaw or breadth)
                    inner = inner or breadth  # a failed assertion in there is what it expects
        yield from self._walk(node.body, inner)

    def _visit_try(self, node: ast.Try | ast.TryStar, flaw: str) -> Iterator[Check]:
        always = any(isinstance(one, ast.Return) for one in node.finalbody)
        outer = flaw or (SWALLOWED if always else "")
        swallows = any(self._swallows(handler) for handler in node.handlers)
        yield from self._walk(node.body, outer or (SWALLOWED if swallows else ""))
        for handler in node.handlers:
            yield from self._walk(handler.body, outer)
        yield from self._walk(node.orelse, outer)
        yield from self._walk(node.finalbody, flaw)

    def _visit_condition(self, node: ast.If | ast.While, flaw: str) -> Iterator[Check]:
        is_constant = isinstance(node.test, ast.Constant)
        value = bool(node.test.value) if isinstance(node.test, ast.Constant) else False
        never = get_last_name(node.test) == "TYPE_CHECKING" or (is_constant and not value)
        yield from self._visit_calls(node.test, flaw)
        yield from self._walk(node.body, flaw or (UNREACHABLE if never else ""))
        yield from self._walk(node.orelse, flaw or (UNREACHABLE if is_constant and value else ""))

    def _is_check(self, call: ast.Call) -> bool:
        name = get_last_name(call)
        looks_like_one = name.lower().lstrip("_").startswith(_CHECK_WORDS)
        return name in _CHECK_CALLS or (looks_like_one and name not in self.own)

    def _find_breadth(self, call: ast.Call, body: Iterable[ast.stmt]) -> str:
        """Return why an expected exception says nothing: any would do, even the test's own."""
        if get_last_name(call) not in _RAISES or not call.args:
            return ""
        names = {resolve(one, self.aliases) for one in _list_classes(call.args[0])}
        if "AssertionError" in names and any(isinstance(one, ast.Assert) for one in body):
            return OWN_FAILURE
        is_bounded = any(keyword.arg in {"match", "check"} for keyword in call.keywords)
        is_broad = names & {"Exception", "BaseException"} and not self.raises_plainly
        return BROAD if is_broad and not is_bounded and "Regex" not in get_last_name(call) else ""

    def _swallows(self, handler: ast.ExceptHandler) -> bool:
        """Whether a handler takes a failed assertion and says nothing of it."""
        caught = handler.type is None or self._catches([handler.type])
        return caught and not list(self._walk(handler.body, ""))

    def _catches(self, classes: Iterable[ast.expr]) -> bool:
        return any(
            resolve(one, self.aliases) in _CATCH_ALL
            for several in classes
            for one in _list_classes(several)
        )

    def _ends(self, node: ast.stmt) -> bool:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            return resolve(node.value.func, self.aliases) in _ENDS
        return isinstance(node, ast.Return | ast.Raise | ast.Continue | ast.Break)

    def is_empty(self, node: ast.expr) -> bool:
        """Whether an expression is an empty literal, or a name that holds one."""
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return not node.elts
        if isinstance(node, ast.Dict):
            return not node.keys
        if isinstance(node, ast.Constant):
            return node.value in {"", b""}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            is_zero = [ast.dump(one) for one in node.args] == [ast.dump(ast.Constant(0))]
            return (node.func.id == "range" and is_zero) or (
                node.func.id in _EMPTY_CALLS and not node.args and not node.keywords
            )
        return isinstance(node, ast.Name) and node.id in self.empty


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(one, ast.Name) and one.id == name for one in ast.walk(node))


def _list_classes(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]
