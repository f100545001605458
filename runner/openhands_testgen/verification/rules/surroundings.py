"""Rule: a test leaves alone what runs it: pytest, coverage, the interpreter, the workflow."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from openhands_testgen.domain.expected import get_last_name
from openhands_testgen.verification.configuration import is_configuration
from openhands_testgen.verification.rules.names import is_imported, read_text, resolve
from openhands_testgen.verification.rules.table import make_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from openhands_testgen.domain.verdict import Problem
    from openhands_testgen.verification.rules.code import FileCode

# What no test needs, unless its module itself is about it (the word stands in the module then).
_INNER = {
    "_pytest": "_pytest",
    "pluggy": "pluggy",
    "coverage": "coverage",
    "ctypes": "ctypes",
    "gc.get_objects": "gc",
    "gc.get_referrers": "gc",
    "inspect.currentframe": "inspect",
    "inspect.getargvalues": "inspect",
    "inspect.stack": "inspect",
    "inspect.trace": "inspect",
    "sys._getframe": "_getframe",
    "sys.addaudithook": "addaudithook",
    "sys.monitoring": "monitoring",
    "sys.setprofile": "setprofile",
    "sys.settrace": "settrace",
    "threading.settrace": "settrace",
    "traceback.walk_stack": "traceback",
    "traceback.walk_tb": "traceback",
}
# What pytest had no public name for in the past; tests have it in their annotations.
_HARMLESS = (
    "Fixture",
    "MonkeyPatch",
    "Factory",
    "Request",
    "Recorder",
    "ExceptionInfo",
    "Pytester",
)
_SOURCE_CALLS = {"inspect.getsource", "inspect.getsourcelines", "inspect.findsource", "dis.dis"}
_SOURCE_ATTRIBUTES = {"__code__", "co_code", "co_consts"}
# From a frame of its own a test finds those of all that runs it.
_FRAMES = {"cr_frame", "f_back", "f_globals", "f_locals", "gi_frame", "tb_frame"}
_RUNNER_FILES = {
    *("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"),
    *("GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "RUNNER_TEMP"),
}
_WRITING_CALLS = {"write_text", "write_bytes", "touch", "symlink_to", "rename", "replace"}


def find_problems(code: FileCode, nodes: Iterable[ast.AST]) -> Iterator[Problem]:
    """Find where a test reaches for what runs it."""
    for node in nodes:
        changes_folder = any(
            isinstance(call, ast.Call) and get_last_name(call) == "chdir" for call in ast.walk(node)
        )
        for inner in ast.walk(node):
            rule = _judge(code, inner)
            if rule and not (rule == "writes-configuration" and changes_folder):
                yield make_problem(rule, inner.lineno if isinstance(inner, _PLACED) else 0)


_PLACED = (ast.expr, ast.stmt, ast.arg)


def _judge(code: FileCode, node: ast.AST) -> str:
    if _reaches_in(code, node):
        return "reaches-into-runner"
    if isinstance(node, ast.Call):
        return _judge_call(code, node)
    if isinstance(node, ast.Attribute):
        return _judge_attribute(code, node)
    if isinstance(node, ast.Constant):
        return _judge_name(code, read_text(node))  # as `getattr` takes it
    if isinstance(node, ast.Subscript) and resolve(node.value, code.aliases) == "os.environ":
        return _judge_variable(code, node.slice)
    return ""


def _reaches_in(code: FileCode, node: ast.AST) -> bool:
    if isinstance(node, ast.Assign):
        return any(_is_plugins(target, code) for target in node.targets)
    return isinstance(node, ast.Name) and _is_inner(code, node)


def _judge_call(code: FileCode, call: ast.Call) -> str:
    name = resolve(call.func, code.aliases)
    if name in {"os.getenv", "os.environ.get", "os.environ.pop"} and call.args:
        return _judge_variable(code, call.args[0])
    if name in _SOURCE_CALLS and not code.subject.mentions("inspect", "dis"):
        return "reads-source"
    if _opens_subject(code, call):
        return "reads-source"
    return "writes-configuration" if _writes_configuration(code, call) else ""


def _judge_name(code: FileCode, name: str) -> str:
    """Judge the name of an attribute, wherever it stands."""
    if name not in _SOURCE_ATTRIBUTES | _FRAMES or code.subject.mentions(name):
        return ""
    return "reads-source" if name in _SOURCE_ATTRIBUTES else "reaches-into-runner"


def _judge_attribute(code: FileCode, node: ast.Attribute) -> str:
    if rule := _judge_name(code, node.attr):
        return rule
    if node.attr == "pluginmanager" or (node.attr == "__eq__" and isinstance(node.ctx, ast.Store)):
        return "reaches-into-runner"
    return "reaches-into-runner" if _is_inner(code, node) else ""


def _judge_variable(code: FileCode, node: ast.expr) -> str:
    name = read_text(node)
    return "runner-files" if name in _RUNNER_FILES and not code.subject.mentions(name) else ""


def _is_inner(code: FileCode, node: ast.expr) -> bool:
    name = resolve(node, code.aliases)
    if not is_imported(node, code.aliases) or name.endswith(_HARMLESS):
        return False
    for inner, word in _INNER.items():
        if name == inner or name.startswith(f"{inner}."):
            return not code.subject.mentions(word)
    return False


def _is_plugins(target: ast.expr, code: FileCode) -> bool:
    """Whether it loads plugins, or puts something into pytest itself."""
    name = resolve(target, code.aliases)
    return name == "pytest_plugins" or name.startswith(("pytest.", "unittest.case."))


def _opens_subject(code: FileCode, call: ast.Call) -> bool:
    """Whether it opens the module's file: ``open(cart.__file__)``, ``Path(cart.__file__)``."""
    return get_last_name(call) in {"open", "Path"} and any(
        isinstance(one, ast.Attribute)
        and one.attr == "__file__"
        and resolve(one.value, code.aliases) == code.subject.import_name
        for argument in call.args[:1]
        for one in ast.walk(argument)
    )


def _writes_configuration(code: FileCode, call: ast.Call) -> bool:
    name = get_last_name(call)
    if name == "open" and len(call.args) > 1 and set(read_text(call.args[1])) & set("wax+"):
        return _is_configuration(call.args[0])
    if name in _WRITING_CALLS and isinstance(call.func, ast.Attribute):
        target = call.func.value
        if isinstance(target, ast.Call) and get_last_name(target) == "Path":
            return any(map(_is_configuration, target.args))
    return resolve(call.func, code.aliases) in {"os.symlink", "shutil.copy", "os.rename"} and any(
        map(_is_configuration, call.args)
    )


def _is_configuration(node: ast.expr) -> bool:
    return is_configuration(read_text(node))
