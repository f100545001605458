"""Rule: a test tests the module, not what it put in the module's place."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from openhands_testgen.domain.expected import get_last_name
from openhands_testgen.verification.rules.names import read_text, resolve
from openhands_testgen.verification.rules.table import make_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from openhands_testgen.domain.verdict import Problem
    from openhands_testgen.verification.rules.code import FileCode

_CLOCKS = {
    *("time.time", "time.monotonic", "time.perf_counter", "time.process_time", "time.sleep"),
    *("time.time_ns", "datetime.datetime", "datetime.date", "datetime.datetime.now"),
}
_PATCH_CALLS = ("patch", "patch.object", "patch.multiple", "monkeypatch.setattr")
_CLOCK_WORDS = ("time", "datetime", "sleep")


def find_problems(code: FileCode, nodes: Sequence[ast.AST]) -> Iterator[Problem]:
    """Find what replaces the functions that the same test calls, the module, or the clock."""
    called = _list_called(nodes)
    for node in nodes:
        for target, line in _list_patched(code, node):
            name = target.rpartition(".")[2]
            if _is_own(code, target) and name in called:
                yield make_problem("patches-subject", line)
            elif target in _CLOCKS and not code.subject.mentions(*_CLOCK_WORDS):
                yield make_problem("patches-clock", line)
        for line in _list_replaced(code, node):
            yield make_problem("replaces-module", line)


def _list_called(nodes: Iterable[ast.AST]) -> set[str]:
    """List the last names of all that is called (``total`` for ``cart.total()``)."""
    calls = (call for node in nodes for call in ast.walk(node) if isinstance(call, ast.Call))
    return {get_last_name(call.func) for call in calls}


def _list_patched(code: FileCode, node: ast.AST) -> Iterator[tuple[str, int]]:
    """List the dotted names of what is patched, with the lines."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            target = _read_target(code, inner)
            if target:
                yield target, inner.lineno
        elif isinstance(inner, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = inner.targets if isinstance(inner, ast.Assign) else [inner.target]
            for one in targets:
                if isinstance(one, ast.Attribute):
                    yield resolve(one, code.aliases), inner.lineno


def _read_target(code: FileCode, call: ast.Call) -> str:
    """Return what a call patches: by its text, or by object and name; empty if it patches not."""
    name = resolve(call.func, code.aliases)
    if not name.endswith(_PATCH_CALLS) or not call.args:
        return ""
    text = read_text(call.args[0])
    if text:
        return text
    if len(call.args) > 1 and name != "patch":
        attribute = read_text(call.args[1])
        return f"{resolve(call.args[0], code.aliases)}.{attribute}" if attribute else ""
    return ""


def _is_own(code: FileCode, target: str) -> bool:
    """Whether a dotted name is something that the module defines, reached through the module."""
    module = code.subject.import_name
    if not target.startswith(f"{module}."):
        return False
    first = target.removeprefix(f"{module}.").partition(".")[0]
    return first in code.subject.own_names


def _list_replaced(code: FileCode, node: ast.AST) -> Iterator[int]:
    """List where the module's place in ``sys.modules`` is taken."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Subscript) and isinstance(inner.ctx, ast.Store):
            is_subject = read_text(inner.slice) == code.subject.import_name
            if is_subject and _is_modules(code, inner.value):
                yield inner.lineno
        elif isinstance(inner, ast.Call) and any(_is_modules(code, one) for one in inner.args[:1]):
            rest = [text for one in inner.args[1:] for text in _list_texts(one)]
            if code.subject.import_name in rest and get_last_name(inner) in {"setitem", "dict"}:
                yield inner.lineno


def _is_modules(code: FileCode, node: ast.expr) -> bool:
    return resolve(node, code.aliases) == "sys.modules" or read_text(node) == "sys.modules"


def _list_texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Dict):
        yield from (read_text(key) for key in node.keys)
    yield read_text(node)
