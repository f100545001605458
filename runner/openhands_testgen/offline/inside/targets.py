"""What of a module can be called, and how a test would write the call."""

from __future__ import annotations

import ast
import dis
import enum
import functools
import inspect
from typing import TYPE_CHECKING, Any, NamedTuple

from .docstrings import find_types
from .evidence import Usage, study
from .kinds import Kind, join, kind_of_class
from .parameters import Known, Parameter, choose_kinds, list_parameters
from .scenario import CONTEXT, STATEMENT, VALUE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType

    from .world import World

# What the result of a call is called, where it can be called itself.
RESULT_OF_CALL = "result"
_CALL = "{self}.%s({args})"
_OPERATORS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "pow": "**",
    "and": "&",
    "or": "|",
    "xor": "^",
    "lshift": "<<",
    "rshift": ">>",
    "matmul": "@",
}
_COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_SPECIAL: dict[str, tuple[str, str]] = {
    **{
        f"__{name}__": (f"{name}({{self}})", VALUE)
        for name in [
            "len",
            "str",
            "repr",
            "bool",
            "int",
            "float",
            "complex",
            "abs",
            "reversed",
            "iter",
            "bytes",
        ]
    },
    **{f"__{name}__": (f"{{self}} {sign} {{0}}", VALUE) for name, sign in _OPERATORS.items()},
    **{f"__r{name}__": (f"{{0}} {sign} {{self}}", VALUE) for name, sign in _OPERATORS.items()},
    **{f"__i{name}__": (f"{{self}} {sign}= {{0}}", STATEMENT) for name, sign in _OPERATORS.items()},
    **{f"__{name}__": (f"{{self}} {sign} {{0}}", VALUE) for name, sign in _COMPARISONS.items()},
    "__neg__": ("-{self}", VALUE),
    "__pos__": ("+{self}", VALUE),
    "__invert__": ("~{self}", VALUE),
    "__divmod__": ("divmod({self}, {0})", VALUE),
    "__round__": ("round({self}, {args})", VALUE),
    "__format__": ("format({self}, {0})", VALUE),
    "__next__": ("next({self})", VALUE),
    "__contains__": ("{0} in {self}", VALUE),
    "__getitem__": ("{self}[{0}]", VALUE),
    "__setitem__": ("{self}[{0}] = {1}", STATEMENT),
    "__delitem__": ("del {self}[{0}]", STATEMENT),
    "__call__": ("{self}({args})", VALUE),
    "__enter__": ("{self}", CONTEXT),
}
_SKIPPED = frozenset(
    f"__{name}__"
    for name in [
        "init",
        "new",
        "del",
        "hash",
        "init_subclass",
        "class_getitem",
        "set_name",
        "get",
        "set",
        "delete",
        "exit",
        "aenter",
        "aexit",
        "aiter",
        "anext",
        "subclasshook",
        "instancecheck",
        "subclasscheck",
        "post_init",
        "prepare",
        "mro_entries",
        "annotate",
        "annotate_func",
        "firstlineno",
        "static_attributes",
        "getattribute",
        "setattr",
        "delattr",
        "await",
    ]
)
_BINARY = frozenset(
    f"__{prefix}{name}__" for name in (*_OPERATORS, *_COMPARISONS) for prefix in ("", "r", "i")
)


class Target(NamedTuple):
    """One thing to call. ``owner`` is the class of its receiver, or empty if it has none."""

    name: str
    template: str
    form: str
    parameters: tuple[Parameter, ...]
    owner: str
    lines: frozenset[int]
    is_public: bool
    docstring: str = ""


class Finder:
    """Lists what of a module can be called."""

    def __init__(self, world: World) -> None:
        """Read the module's source."""
        self._world = world
        self._namespace = vars(world.module)
        self._studies = self._study_all()

    def list_targets(self) -> list[Target]:
        """Return all functions, and all that classes offer, in the order of their definition."""
        found: list[Target] = []
        for thing in self._list_own():
            if isinstance(thing, type):
                found += self._list_of_class(thing)
            else:
                found += self._list_function(thing)
        return sorted(found, key=lambda target: min(target.lines, default=0))

    def list_classes(self) -> list[type]:
        """Return the classes that the module defines."""
        return [thing for thing in self._list_own() if isinstance(thing, type)]

    def _list_own(self) -> Iterator[Any]:
        seen: set[int] = set()
        for thing in list(self._namespace.values()):
            if id(thing) in seen or not self._is_own(thing):
                continue
            seen.add(id(thing))
            yield thing
            if isinstance(thing, type):
                for inner in list(vars(thing).values()):
                    if isinstance(inner, type) and self._is_own(inner) and id(inner) not in seen:
                        seen.add(id(inner))
                        yield inner

    def _is_own(self, thing: object) -> bool:
        if isinstance(thing, type):
            return thing.__module__ == self._world.import_name
        return callable(thing) and self._find_code(thing) is not None

    def _find_code(self, thing: object) -> CodeType | None:
        """Return the code of a function that stands in the module's file, under any decorators."""
        while thing is not None:
            code = getattr(thing, "__code__", None)
            if code is not None and code.co_filename == self._world.path:
                return code  # type: ignore[no-any-return] # of a function
            thing = getattr(thing, "__wrapped__", None)
        return None

    def _list_function(self, function: Callable[..., object]) -> Iterator[Target]:
        name = self._world.find_name(function)
        if name is not None:
            yield from self._build(name, function, f"{name}({{args}})", VALUE)

    def _list_of_class(self, kind: type) -> Iterator[Target]:
        name = self._world.find_name(kind)
        if name is None:
            return
        if not inspect.isabstract(kind):
            yield self._build_constructor(kind, name)
        for attribute, member in list(vars(kind).items()):
            if attribute not in _SKIPPED:
                yield from self._list_member(kind, name, attribute, member)

    def _build_constructor(self, kind: type, name: str) -> Target:
        maker = vars(kind).get("__init__") or getattr(kind, "__init__")  # noqa: B009
        function: Any = maker if maker is not object.__init__ else kind.__new__
        code = self._find_code(function)
        parameters: tuple[Parameter, ...] = ()
        if issubclass(kind, enum.Enum):
            parameters = (Parameter("value", "positional", True, _list_enum_kinds(kind)),)  # noqa: FBT003
        else:
            parameters = list_parameters(kind, self._know(function, kind), skip_first=False)
        return Target(
            name=name,
            template=f"{name}({{args}})",
            form=VALUE,
            parameters=parameters,
            owner="",
            lines=_list_lines(code) if code else frozenset(),
            is_public=not name.startswith("_"),
            docstring=_get_docstring(kind),
        )

    def _list_member(
        self,
        kind: type,
        name: str,
        attribute: str,
        member: Any,  # noqa: ANN401 - anything in a class
    ) -> Iterator[Target]:
        full = f"{name}.{attribute}"
        owner = f"{kind.__module__}.{kind.__qualname__}"
        if isinstance(member, staticmethod):
            yield from self._build(full, member.__func__, f"{full}({{args}})", VALUE)
        elif isinstance(member, classmethod):
            yield from self._build(
                full, member.__func__, f"{full}({{args}})", VALUE, skip_first=True
            )
        elif isinstance(member, (property, functools.cached_property)):
            yield from self._list_property(full, member, owner)
        elif callable(member) and not isinstance(member, type):
            template, form = _SPECIAL.get(attribute, (_CALL % attribute, VALUE))
            for target in self._build(full, member, template, form, owner=owner, skip_first=True):
                yield _fit_operands(target, kind, attribute)

    def _list_property(self, full: str, member: Any, owner: str) -> Iterator[Target]:  # noqa: ANN401
        attribute = full.rpartition(".")[2]
        getter = getattr(member, "fget", None) or getattr(member, "func", None)
        yield from self._build(
            full, getter, f"{{self}}.{attribute}", VALUE, owner=owner, skip_first=True
        )
        setter = getattr(member, "fset", None)
        yield from self._build(
            full, setter, f"{{self}}.{attribute} = {{0}}", STATEMENT, owner=owner, skip_first=True
        )

    def _build(  # noqa: PLR0913 - what a target is made of
        self,
        name: str,
        function: Any,  # noqa: ANN401 - a function, perhaps under decorators
        template: str,
        form: str,
        *,
        owner: str = "",
        skip_first: bool = False,
    ) -> Iterator[Target]:
        code = self._find_code(function)
        if code is None or inspect.isasyncgenfunction(inspect.unwrap(function)):
            return
        if inspect.iscoroutinefunction(inspect.unwrap(function)):
            template = f"asyncio.run({template})"
        if _makes_context(function):
            form = CONTEXT
        known = self._know(function, None)
        last = name.rpartition(".")[2]
        yield Target(
            name=name,
            template=template,
            form=form,
            parameters=list_parameters(function, known, skip_first=skip_first),
            owner=owner,
            lines=_list_lines(code),
            is_public=last.startswith("__") or not any(p.startswith("_") for p in name.split(".")),
            docstring=_get_docstring(function),
        )

    def _know(self, function: object, kind: type | None) -> Known:
        code = self._find_code(function)
        usage = self._studies.get(code.co_firstlineno) if code else None
        names = code.co_varnames if code else ()
        used = {name: self._follow(usage, name) for name in names} if usage else {}
        documented = find_types(_get_docstring(function) + "\n" + _get_docstring(kind))
        return Known(self._namespace, documented, used)

    def _follow(self, usage: Usage, name: str) -> tuple[Kind, ...]:
        """Return a parameter's kinds, also those of the functions it is passed on to."""
        kinds = list(usage.get_kinds(name))
        for parameter, function, position in usage.links:
            other = self._studies_by_name.get(function)
            if parameter == name and other is not None and other[0] is not usage:
                names = other[1]
                if position < len(names):
                    kinds += other[0].get_kinds(names[position])
        return join(kinds)

    def _study_all(self) -> dict[int, Usage]:
        """Study every function of the source; they are found by the line that code begins at."""
        self._studies_by_name: dict[str, tuple[Usage, list[str]]] = {}
        studies: dict[int, Usage] = {}
        with open(self._world.path, "rb") as file:  # noqa: PTH123 - as it stands
            tree = ast.parse(file.read())
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                usage = study(node)
                first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                studies[first] = usage
                names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
                names = names[1:] if names[:1] in (["self"], ["cls"]) else names
                self._studies_by_name.setdefault(node.name, (usage, names))
        return studies


def build_inner(outer: Target, parameters: list[tuple[str, str, bool]]) -> Target:
    """Return the target that is what another one returns, to be called with such parameters."""
    return Target(
        name=f"{outer.name}.{RESULT_OF_CALL}",
        template="{self}({args})",
        form=VALUE,
        parameters=tuple(Parameter(*one, choose_kinds(one[0])) for one in parameters),
        owner=f"result of {outer.name}",
        lines=outer.lines,
        is_public=outer.is_public,
    )


def _makes_context(function: object) -> bool:
    """Whether a function is a generator that ``contextlib`` has made a context manager of."""
    code = getattr(function, "__code__", None)
    is_wrapped = code is not None and code.co_filename.endswith("contextlib.py")
    return is_wrapped and inspect.isgeneratorfunction(inspect.unwrap(function))  # type: ignore[arg-type]


def _fit_operands(target: Target, kind: type, attribute: str) -> Target:
    """The other side of an operator is most often of the same class."""
    if attribute not in _BINARY or not target.parameters:
        return target
    first, *others = target.parameters
    kinds = join((kind_of_class(kind), *first.kinds, Kind("any")))
    return target._replace(parameters=(first._replace(kinds=kinds), *others))


def _list_enum_kinds(kind: type[enum.Enum]) -> tuple[Kind, ...]:
    return tuple(Kind("literal", (), repr(member.value)) for member in list(kind)[:5])


def _list_lines(code: CodeType) -> frozenset[int]:
    """Return the lines of a function's body, with those of what is defined in it."""
    lines = {line for _, line in dis.findlinestarts(code) if line}
    lines.discard(code.co_firstlineno)
    for constant in code.co_consts:
        if inspect.iscode(constant):
            lines |= _list_lines(constant)
    return frozenset(lines)


def _get_docstring(thing: object) -> str:
    docstring = getattr(thing, "__doc__", None)
    return docstring if isinstance(docstring, str) else ""
