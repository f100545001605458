"""A callable's parameters and the kinds that each takes, from all that is known of them."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from .kinds import ANY, Kind, join, kind_of_class, kind_of_value, parse_annotation
from .scenario import KEYWORD, POSITIONAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

STAR, STARS = "star", "stars"
_FORMS = {
    inspect.Parameter.POSITIONAL_ONLY: POSITIONAL,
    inspect.Parameter.POSITIONAL_OR_KEYWORD: POSITIONAL,
    inspect.Parameter.KEYWORD_ONLY: KEYWORD,
    inspect.Parameter.VAR_POSITIONAL: STAR,
    inspect.Parameter.VAR_KEYWORD: STARS,
}
# What a parameter's name says, where nothing else does.
_WORDS: tuple[tuple[str, str], ...] = (
    (
        r"^(is|has|use|allow|with|include|ignore|strict|force|keep)_|^(strict|reverse|verbose)$",
        "bool",
    ),
    (r"(^|_)(text|string|str|s|word|name|line|title|prefix|suffix|label|msg|message)$", "str"),
    (r"(^|_)(sep|separator|delimiter|delim|fmt|format|pattern|char|lang|locale|code)$", "str"),
    (r"(^|_)(n|num|count|size|width|length|index|idx|limit|max|min|depth|k|step)$", "int"),
    (r"(^|_)(start|stop|end|offset|position|pos|level|precision|digits|base|year)$", "int"),
    (r"(^|_)(number|amount|value|total|ratio|percent|x|y|a|b)$", "number"),
    (
        r"(^|_)(seq|sequence|iterable|it|items|values|lst|list|args|elements|src|iterables)$",
        "iterable",
    ),
    (r"(^|_)(func|fn|function|predicate|pred|callback|callable|key|f|getter)$", "callable"),
    (r"(^|_)(mapping|dict|d|kwargs|data|options|config|params)$", "dict"),
    (r"(^|_)(data|bytes|buf|buffer|raw)$", "bytes"),
    (r"(^|_)(date)$", "date"),
    (r"(^|_)(datetime|dt|now|when)$", "datetime"),
    (r"(^|_)(delta|timedelta|td)$", "timedelta"),
    (r"(^|_)(path|filename|file_name|directory)$", "str"),
    (r"(^|_)(file|fp|stream|fileobj|fd)$", "textio"),
    (r"(^|_)(exc|exception|error|err)$", "error"),
    (r"(^|_)(match|m)$", "match"),
    (r"(^|_)(cls|klass|type|typ)$", "type"),
)


class Parameter(NamedTuple):
    """One parameter: how it is passed, whether it must be, and the kinds it takes."""

    name: str
    form: str
    is_required: bool
    kinds: tuple[Kind, ...]
    default: Any = inspect.Parameter.empty


class Known(NamedTuple):
    """What is known of a callable beside its signature, by parameter."""

    namespace: Mapping[str, object]
    documented: Mapping[str, tuple[Kind, ...]]
    used: Mapping[str, tuple[Kind, ...]]


def list_parameters(
    function: Callable[..., object], known: Known, *, skip_first: bool
) -> tuple[Parameter, ...]:
    """Return a callable's parameters; none if it does not tell."""
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return ()
    hints = getattr(inspect.unwrap(function), "__annotations__", {})
    found = list(signature.parameters.values())[int(skip_first) :]
    return tuple(_build(one, hints, known) for one in found)


def _build(one: inspect.Parameter, hints: Mapping[str, object], known: Known) -> Parameter:
    annotation = hints.get(one.name, one.annotation)
    is_required = one.default is inspect.Parameter.empty and _FORMS[one.kind] not in {STAR, STARS}
    kinds = choose_kinds(
        one.name,
        one.default,
        parse_annotation(annotation, known.namespace),
        resolve(known.documented.get(one.name, ()), known.namespace),
        resolve(known.used.get(one.name, ()), known.namespace),
    )
    return Parameter(one.name, _FORMS[one.kind], is_required, kinds, one.default)


def choose_kinds(
    name: str,
    default: object = inspect.Parameter.empty,
    annotated: tuple[Kind, ...] = (),
    documented: tuple[Kind, ...] = (),
    used: tuple[Kind, ...] = (),
) -> tuple[Kind, ...]:
    """Return the kinds that a parameter takes, the most certain ones first.

    An annotation that says something is believed; else all sources are.
    """
    of_default = () if default is inspect.Parameter.empty else (kind_of_value(default),)
    if annotated and annotated != (ANY,):
        return join((*annotated, *(kind for kind in of_default if kind.name == "none")))
    words = () if documented else _guess_from_name(name)
    kinds = join((*of_default, *documented, *used, *words))
    if not kinds or kinds == (Kind("none"),):
        return join((*kinds, *words)) if words else (ANY,)
    return kinds


def resolve(kinds: Iterable[Kind], namespace: Mapping[str, object]) -> tuple[Kind, ...]:
    """Replace kinds that are only named by those that the names mean here."""
    return join(kind for one in kinds for kind in _resolve_one(one, namespace))


def _resolve_one(kind: Kind, namespace: Mapping[str, object]) -> tuple[Kind, ...]:
    if kind.name != "named":
        return (Kind(kind.name, resolve(kind.args, namespace), kind.detail),)
    found = namespace.get(kind.detail)
    classes = found if isinstance(found, tuple) else (found,)
    known = tuple(kind_of_class(one) for one in classes if isinstance(one, type))
    return known or tuple(one for one in parse_annotation(kind.detail, namespace) if one != ANY)


def _guess_from_name(name: str) -> tuple[Kind, ...]:
    return tuple(Kind(kind) for pattern, kind in _WORDS if re.search(pattern, name.lower()))
