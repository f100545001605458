"""Kinds of values: what a parameter takes, as far as annotations, defaults and words tell."""

from __future__ import annotations

import ast
import collections.abc
import enum
import inspect
import re
import typing
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Kind(NamedTuple):
    """A kind of value, such as ``list`` of ``int``.

    ``name`` is a word of the table below, or ``object`` with the class in ``detail``, or
    ``literal`` with the source of the value there.
    """

    name: str
    args: tuple[Kind, ...] = ()
    detail: str = ""


ANY = Kind("any")
NONE = Kind("none")
# How names of types, in annotations and in prose, are called here.
NAMES: dict[str, str] = {
    **{name: name for name in ("int", "float", "complex", "bool", "str", "bytes", "bytearray")},
    **{name: name for name in ("list", "tuple", "set", "frozenset", "dict", "range", "slice")},
    "string": "str",
    "text": "str",
    "unicode": "str",
    "AnyStr": "str",
    "LiteralString": "str",
    "integer": "int",
    "SupportsInt": "int",
    "SupportsIndex": "int",
    "Index": "int",
    "boolean": "bool",
    "number": "number",
    "Number": "number",
    "Real": "number",
    "numeric": "number",
    "SupportsFloat": "number",
    "Rational": "number",
    "List": "list",
    "MutableSequence": "list",
    "Sequence": "list",
    "sequence": "list",
    "array": "list",
    "Tuple": "tuple",
    "Set": "set",
    "AbstractSet": "set",
    "MutableSet": "set",
    "FrozenSet": "frozenset",
    "Dict": "dict",
    "dictionary": "dict",
    "mapping": "dict",
    "Mapping": "dict",
    "MutableMapping": "dict",
    "OrderedDict": "dict",
    "DefaultDict": "dict",
    "defaultdict": "dict",
    "Counter": "dict",
    "Iterable": "iterable",
    "iterable": "iterable",
    "Collection": "iterable",
    "Container": "iterable",
    "Reversible": "list",
    "Sized": "list",
    "Iterator": "iterator",
    "iterator": "iterator",
    "Generator": "iterator",
    "generator": "iterator",
    "Callable": "callable",
    "callable": "callable",
    "function": "callable",
    "func": "callable",
    "Type": "type",
    "type": "type",
    "class": "type",
    "Pattern": "pattern",
    "regex": "pattern",
    "date": "date",
    "datetime": "datetime",
    "time": "time",
    "timedelta": "timedelta",
    "tzinfo": "timezone",
    "timezone": "timezone",
    "Decimal": "decimal",
    "Fraction": "fraction",
    "UUID": "uuid",
    "Path": "path",
    "PurePath": "path",
    "PathLike": "path",
    "StrPath": "path",
    "TextIO": "textio",
    "IO": "textio",
    "StringIO": "textio",
    "BinaryIO": "bytesio",
    "BytesIO": "bytesio",
    "Any": "any",
    "object": "any",
    "Hashable": "hashable",
    "None": "none",
    "NoneType": "none",
}
_CONTAINERS = {"list", "tuple", "set", "frozenset", "dict", "iterable", "iterator", "callable"}
_UNIONS = {"Union", "Optional", "UnionType"}
_WRAPPERS = {"Annotated", "Final", "ClassVar", "Required", "NotRequired", "ReadOnly"}


def join(kinds: Iterable[Kind]) -> tuple[Kind, ...]:
    """Return kinds without repetition, the unknown one only if there is no other."""
    found = tuple(dict.fromkeys(kinds))
    return tuple(kind for kind in found if kind != ANY) or found[:1]


def parse_annotation(annotation: object, namespace: Mapping[str, object]) -> tuple[Kind, ...]:
    """Return the kinds that an annotation allows; none if it says nothing."""
    if annotation is inspect.Parameter.empty:
        return ()
    if isinstance(annotation, str):
        try:
            node = ast.parse(annotation.strip(), mode="eval").body
        except SyntaxError:
            return ()
        return join(_from_node(node, namespace, 0))
    return join(_from_object(annotation, namespace, 0))


def parse_words(text: str) -> tuple[Kind, ...]:
    """Return the kinds that a description names (``list of str, optional``)."""
    found = []
    plain = re.sub(r":\w+:|[`~.]", " ", text)
    for part in re.split(r",|\bor\b|\||/", plain):
        words = re.findall(r"\w+", part)
        names = [NAMES[word] for word in words if word in NAMES]
        if not names:
            lower = [word.lower().rstrip("s") for word in words]
            names = [NAMES[word] for word in lower if word in NAMES]
        if names and names[0] in _CONTAINERS and len(names) > 1:
            found.append(Kind(names[0], (Kind(names[1]),)))
        elif names:
            found.append(Kind(names[0]))
    return join(found)


def kind_of_value(value: object) -> Kind:
    """Return the kind of a value that is known, such as a default."""
    if value is None:
        return NONE
    if isinstance(value, enum.Enum):
        return kind_of_class(type(value))
    name = NAMES.get(type(value).__name__)
    if name is None and callable(value):
        return Kind("type" if isinstance(value, type) else "callable")
    if name in _CONTAINERS and isinstance(value, (list, tuple, set, frozenset)) and value:
        return Kind(name, join(kind_of_value(item) for item in list(value)[:3]))
    return Kind(name) if name else kind_of_class(type(value))


def kind_of_class(kind: type) -> Kind:
    """Return the kind of a class's instances."""
    is_known = kind.__module__.partition(".")[0] in KNOWN_MODULES
    name = NAMES.get(kind.__name__) if is_known else None
    return Kind(name) if name else Kind("object", (), f"{kind.__module__}.{kind.__qualname__}")


KNOWN_MODULES = frozenset(
    [
        "builtins",
        "typing",
        "collections",
        "datetime",
        "decimal",
        "fractions",
        "uuid",
        "pathlib",
        "io",
        "re",
        "os",
        "numbers",
        "types",
        "typing_extensions",
        "_io",
    ]
)


def _from_object(annotation: object, namespace: Mapping[str, object], depth: int) -> list[Kind]:
    if depth > 4:  # noqa: PLR2004 - deep enough
        return [ANY]
    if annotation is None:
        return [NONE]
    if isinstance(annotation, (str, typing.ForwardRef)):
        text = annotation if isinstance(annotation, str) else annotation.__forward_arg__
        return list(parse_annotation(text, namespace))
    if isinstance(annotation, typing.TypeVar):
        bounds = annotation.__constraints__ or tuple(filter(None, [annotation.__bound__]))
        return [kind for one in bounds for kind in _from_object(one, namespace, depth + 1)] or [ANY]
    origin = typing.get_origin(annotation)
    if origin is None:
        supertype = getattr(annotation, "__supertype__", None)
        if supertype is not None:
            return _from_object(supertype, namespace, depth + 1)
        return (
            [kind_of_class(annotation)] if isinstance(annotation, type) else [_by_name(annotation)]
        )
    return _from_generic(origin, typing.get_args(annotation), namespace, depth)


def _from_generic(
    origin: object, args: tuple[object, ...], namespace: Mapping[str, object], depth: int
) -> list[Kind]:
    name = getattr(origin, "__name__", None) or getattr(origin, "_name", None) or ""
    if origin is typing.Union or name in _UNIONS:
        return [kind for one in args for kind in _from_object(one, namespace, depth + 1)]
    if origin is typing.Literal:
        return [Kind("literal", (), repr(one)) for one in args]
    if name in _WRAPPERS:
        return _from_object(args[0], namespace, depth + 1) if args else [ANY]
    if origin is collections.abc.Callable:
        return [Kind("callable")]
    parts = [_from_object(one, namespace, depth + 1) for one in args if one is not Ellipsis]
    if NAMES.get(name) in _CONTAINERS:
        return [_build_container(NAMES[name], parts, is_open=Ellipsis in args)]
    return [kind_of_class(origin)] if isinstance(origin, type) else [ANY]


def _build_container(name: str, parts: list[list[Kind]], *, is_open: bool) -> Kind:
    if name == "tuple" and not is_open:
        return Kind("tuple", tuple(_one(part) for part in parts), "fixed")
    if name == "dict":
        return Kind("dict", tuple(_one(part) for part in parts[:2]))
    return Kind(name, join(parts[0]) if parts else ())


def _one(part: list[Kind]) -> Kind:
    return part[0] if len(part) == 1 else Kind("union", tuple(part))


def _by_name(annotation: object) -> Kind:
    name = getattr(annotation, "_name", None) or getattr(annotation, "__name__", "")
    return Kind(NAMES.get(str(name), "any"))


def _from_node(node: ast.expr, namespace: Mapping[str, object], depth: int) -> list[Kind]:
    """Read an annotation that may not be evaluated on this interpreter."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        sides = (node.left, node.right)
        return [kind for side in sides for kind in _from_node(side, namespace, depth)]
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            return list(parse_annotation(node.value, namespace))
        return [NONE] if node.value is None else [ANY]
    if isinstance(node, ast.Subscript):
        return _from_subscript(node, namespace, depth + 1)
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    found = namespace.get(name)
    if isinstance(node, ast.Name) and found is not None and not isinstance(found, str):
        return _from_object(found, namespace, depth + 1)
    return [Kind(NAMES.get(name, "any"))]


def _from_subscript(node: ast.Subscript, namespace: Mapping[str, object], depth: int) -> list[Kind]:
    outer = node.value
    name = outer.attr if isinstance(outer, ast.Attribute) else getattr(outer, "id", "")
    inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name == "Literal":
        return [Kind("literal", (), ast.unparse(one)) for one in inner]
    is_open = any(isinstance(one, ast.Constant) and one.value is ... for one in inner)
    parts = [
        _from_node(one, namespace, depth)
        for one in inner
        if not (isinstance(one, ast.Constant) and one.value is ...)
    ]
    if name in _UNIONS:
        none = [NONE] if name == "Optional" else []
        return [kind for part in parts for kind in part] + none
    if name in _WRAPPERS:
        return parts[0] if parts else [ANY]
    if NAMES.get(name) == "callable":
        return [Kind("callable")]
    if NAMES.get(name) in _CONTAINERS:
        return [_build_container(NAMES[name], parts, is_open=is_open)]
    found = namespace.get(name)
    return [kind_of_class(found)] if isinstance(found, type) else [Kind(NAMES.get(name, "any"))]
