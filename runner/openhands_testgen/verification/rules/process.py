"""Rule: a test does not end the process that runs it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from openhands_testgen.domain.expected import get_last_name
from openhands_testgen.verification.rules.names import resolve
from openhands_testgen.verification.rules.table import make_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from openhands_testgen.domain.verdict import Problem
    from openhands_testgen.verification.rules.code import FileCode

_ENDS = {"os._exit", "os.abort", "os.killpg", "pytest.exit", "signal.raise_signal"}
_EXITS = {"sys.exit", "exit", "quit", "builtins.exit", "builtins.quit"}
_OWN_PROCESSES = {"os.getpid", "os.getppid"}


def find_problems(code: FileCode, nodes: Iterable[ast.AST]) -> Iterator[Problem]:
    """Find calls that end the process; ``sys.exit`` is one where nothing expects it."""
    for node in nodes:
        for call in _list_calls(code, node):
            yield make_problem("ends-process", call.lineno)


def _list_calls(code: FileCode, node: ast.AST) -> Iterator[ast.Call]:
    expected = {id(call) for call in _list_expected(node)}
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            name = resolve(call.func, code.aliases)
            ends_itself = name == "os.kill" and any(_is_own(code, one) for one in call.args[:1])
            exits = name in _EXITS and id(call) not in expected
            if name in _ENDS or ends_itself or exits:
                yield call


def _list_expected(node: ast.AST) -> Iterator[ast.AST]:
    """List what stands where an exit is expected, or in a function that only others may call."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.With) and any(_expects(item) for item in inner.items):
            yield from ast.walk(inner)
        elif isinstance(inner, ast.Try) and inner.handlers:
            for statement in inner.body:
                yield from ast.walk(statement)
        elif inner is not node and isinstance(inner, ast.FunctionDef | ast.Lambda):
            yield from ast.walk(inner)


def _expects(item: ast.withitem) -> bool:
    return isinstance(item.context_expr, ast.Call) and get_last_name(item.context_expr) in {
        "raises",
        "assertRaises",
        "assertRaisesRegex",
    }


def _is_own(code: FileCode, node: ast.expr) -> bool:
    """Whether a process is this one, its parent, or a group of them."""
    if isinstance(node, ast.Call):
        return resolve(node.func, code.aliases) in _OWN_PROCESSES
    return isinstance(node, ast.Constant | ast.UnaryOp)
