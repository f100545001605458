"""A parameter's default, changed in functions that live: the module need not be loaded anew."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openhands_testgen.verification.inside.sites import get_last_name

if TYPE_CHECKING:
    from types import CodeType, FunctionType

    from openhands_testgen.verification.inside.changes import Change

    AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef

# What else decorates a function may have kept its defaults.
PLAIN_DECORATORS = {"cache", "classmethod", "contextmanager", "lru_cache", "staticmethod"}


@dataclass(frozen=True)
class Default:
    """What becomes the default of a function's parameter; it travels as a plain tuple.

    ``name`` and ``line`` are those of the function's code, ``body`` are the lines that run when it
    is called.
    """

    name: str
    line: int
    parameter: str
    value: str | bytes | complex | None
    body: tuple[int, int]

    @property
    def lines(self) -> range:
        """The lines that run when the function is called, in which the default matters."""
        first, last = self.body
        return range(first, last + 1)


def find_default(tree: ast.Module, change: Change) -> Default | None:
    """Return what a change does to a default, if that is all and the value is a constant.

    ``None`` as well where something can have kept the default, or the lines of the function cannot
    be told from those of its definition.
    """
    site, arguments, index = change.site, change.site.owner, change.site.index
    if not isinstance(arguments, ast.arguments) or index is None or site.place.is_in_function:
        return None
    function = _find_function(tree, arguments)
    if function is None or not isinstance(change.node, ast.Constant):
        return None
    first, line = function.body[0].lineno, _get_first_line(function)
    parameter = _find_parameter(arguments, site.field, index)
    if parameter.startswith("__") or first <= function.lineno or not _is_plain(function):
        return None
    body = (first, function.end_lineno or first)
    return Default(function.name, line, parameter, change.node.value, body)  # type: ignore[arg-type]  # never an ellipsis


def change_default(
    default: Default, code: CodeType, functions: dict[int, list[FunctionType]]
) -> None:
    """Give all functions of that code in the module's ``code`` another default."""
    for one in _find_code(code, default):
        for function in functions.get(id(one), ()):
            _change(function, default)


def _change(function: FunctionType, default: Default) -> None:
    named = function.__kwdefaults__ or {}
    if default.parameter in named:
        function.__kwdefaults__ = {**named, default.parameter: default.value}
        return
    code, before = function.__code__, function.__defaults__ or ()
    place = code.co_varnames.index(default.parameter) - code.co_argcount + len(before)
    function.__defaults__ = (*before[:place], default.value, *before[place + 1 :])


def _find_function(tree: ast.Module, arguments: ast.arguments) -> AnyFunction | None:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.args is arguments:
            return node
    return None


def _find_parameter(arguments: ast.arguments, field: str, index: int) -> str:
    if field == "kw_defaults":
        return arguments.kwonlyargs[index].arg
    positional = [*arguments.posonlyargs, *arguments.args]
    return positional[len(positional) - len(arguments.defaults) + index].arg


def _get_first_line(function: AnyFunction) -> int:
    return min([function.lineno, *(one.lineno for one in function.decorator_list)])


def _is_plain(function: AnyFunction) -> bool:
    return all(get_last_name(one) in PLAIN_DECORATORS for one in function.decorator_list)


def _find_code(code: CodeType, default: Default) -> list[CodeType]:
    inner = [const for const in code.co_consts if isinstance(const, type(code))]
    found = [
        one for one in inner if (one.co_name, one.co_firstlineno) == (default.name, default.line)
    ]
    return found + [match for one in inner for match in _find_code(one, default)]
