"""The names that generated source may use besides those of the project.

The explorer evaluates with these names, and the renderer accepts no others.
"""

from __future__ import annotations

from typing import NamedTuple

SUBJECT = "__subject__"
RESULT = "__result__"
ARGUMENT = "__argument_{}__"


class Import(NamedTuple):
    """Where a name comes from: ``from module import attribute``, or ``import module``.

    ``attributes`` are those that may be taken of it; ``None`` means any public one.
    """

    module: str
    attribute: str = ""
    attributes: frozenset[str] | None = None


STANDARD: dict[str, Import] = {
    "asyncio": Import("asyncio", "", frozenset({"run"})),
    "datetime": Import(
        "datetime", "", frozenset({"date", "datetime", "time", "timedelta", "timezone"})
    ),
    "io": Import("io", "", frozenset({"BytesIO", "StringIO"})),
    "ipaddress": Import("ipaddress", "", frozenset({"ip_address", "ip_interface", "ip_network"})),
    "itertools": Import("itertools", "", frozenset({"chain", "count", "islice", "repeat"})),
    "math": Import("math", "", frozenset({"inf", "isnan", "nan", "pi", "sqrt"})),
    "operator": Import(
        "operator",
        "",
        frozenset({"add", "attrgetter", "eq", "itemgetter", "lt", "mul", "neg", "not_", "sub"}),
    ),
    "pytest": Import("pytest", "", frozenset({"approx", "raises", "warns"})),
    "re": Import(
        "re",
        "",
        frozenset({"A", "I", "M", "S", "U", "X", "compile", "escape", "fullmatch", "match"}),
    ),
    "Counter": Import("collections", "Counter"),
    "Decimal": Import("decimal", "Decimal"),
    "Fraction": Import("fractions", "Fraction"),
    "OrderedDict": Import("collections", "OrderedDict"),
    "Path": Import("pathlib", "Path"),
    "PurePosixPath": Import("pathlib", "PurePosixPath"),
    "PureWindowsPath": Import("pathlib", "PureWindowsPath"),
    "SimpleNamespace": Import("types", "SimpleNamespace"),
    "UUID": Import("uuid", "UUID"),
    "deque": Import("collections", "deque"),
}

BUILTINS = frozenset(
    [
        "abs",
        "all",
        "any",
        "bin",
        "bool",
        "bytearray",
        "bytes",
        "callable",
        "chr",
        "complex",
        "dict",
        "divmod",
        "enumerate",
        "filter",
        "float",
        "format",
        "frozenset",
        "hash",
        "hex",
        "int",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "list",
        "map",
        "max",
        "min",
        "next",
        "object",
        "oct",
        "ord",
        "pow",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "slice",
        "sorted",
        "str",
        "sum",
        "tuple",
        "type",
        "zip",
    ]
)

ERRORS = frozenset(
    [
        "ArithmeticError",
        "AssertionError",
        "AttributeError",
        "BaseException",
        "BufferError",
        "DeprecationWarning",
        "EOFError",
        "Exception",
        "FileExistsError",
        "FileNotFoundError",
        "FloatingPointError",
        "FutureWarning",
        "GeneratorExit",
        "ImportError",
        "ImportWarning",
        "IndexError",
        "IsADirectoryError",
        "KeyError",
        "KeyboardInterrupt",
        "LookupError",
        "MemoryError",
        "ModuleNotFoundError",
        "NameError",
        "NotADirectoryError",
        "NotImplementedError",
        "OSError",
        "OverflowError",
        "PendingDeprecationWarning",
        "PermissionError",
        "RecursionError",
        "ReferenceError",
        "RuntimeError",
        "RuntimeWarning",
        "StopAsyncIteration",
        "StopIteration",
        "SyntaxError",
        "SyntaxWarning",
        "SystemExit",
        "TimeoutError",
        "TypeError",
        "UnboundLocalError",
        "UnicodeDecodeError",
        "UnicodeEncodeError",
        "UnicodeError",
        "UnicodeWarning",
        "UserWarning",
        "ValueError",
        "Warning",
        "ZeroDivisionError",
    ]
)
