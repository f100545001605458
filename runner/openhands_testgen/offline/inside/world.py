"""The module under test, and the names by which source can speak of what is in it."""

from __future__ import annotations

import builtins
import importlib
import keyword
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .vocabulary import BUILTINS, ERRORS, STANDARD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Values that are equal to others of their kind have no name of their own.
PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), type(NotImplemented))
RESERVED = frozenset(BUILTINS | ERRORS | set(STANDARD) | {"expected", "message", "capsys"})


class World:
    """The module's names, as they stand in generated source.

    ``aliases`` are the project's names: where each comes from, as module and attribute. Names that
    would hide one of the vocabulary, or that pytest would collect, have another one in source.
    """

    def __init__(self, module: types.ModuleType, project: Path) -> None:
        """Name everything in the module's namespace."""
        self.module = module
        self.import_name = module.__name__
        self.path = str(module.__file__)
        self.project = project
        self.aliases: dict[str, tuple[str, str]] = {}
        self.namespace: dict[str, object] = dict(_find_vocabulary())
        self._names: dict[int, str] = {
            id(thing): name for name, thing in self.namespace.items() if name not in STANDARD
        }
        self._names.update(_name_attributes(self.namespace))
        for name, thing in list(vars(module).items()):
            if not name.startswith("__") and not isinstance(thing, types.ModuleType):
                self._add(name, thing, self.import_name, name)

    def find_name(self, thing: object) -> str | None:
        """Return the source that means exactly this object, if there is one."""
        if isinstance(thing, PLAIN):
            return None
        known = self._names.get(id(thing))
        if known is not None:
            return known
        return self._find_by_qualified_name(thing)

    def evaluate(self, text: str, names: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - any value at all
        """Evaluate source with the names it may use, and no others."""
        scope = {"__builtins__": {}, **self.namespace, **(names or {})}
        return eval(text, scope)  # noqa: S307 - in a sandbox

    def execute(self, text: str, names: Mapping[str, object]) -> None:
        """Execute a statement with the names it may use, and no others."""
        exec(text, {"__builtins__": {}, **self.namespace, **names})  # noqa: S102 - in a sandbox

    def is_own_file(self, path: str) -> bool:
        """Whether a file belongs to the project."""
        return Path(path).is_relative_to(self.project)

    def _add(self, name: str, thing: object, module: str, attribute: str) -> str:
        alias = choose_alias(name, self.aliases.keys() | RESERVED)
        self.aliases[alias] = (module, attribute)
        self.namespace[alias] = thing
        if not isinstance(thing, PLAIN):
            self._names.setdefault(id(thing), alias)
        return alias

    def _find_by_qualified_name(self, thing: object) -> str | None:
        qualified, home = getattr(thing, "__qualname__", None), getattr(thing, "__module__", None)
        if not isinstance(qualified, str) or not isinstance(home, str) or "<" in qualified:
            return None
        outer, _, inner = qualified.partition(".")
        owner = getattr(sys.modules.get(home), outer, None)
        if owner is None or _follow(owner, inner) is not thing:
            return None
        name = self._names.get(id(owner))
        if name is None:
            if home.partition(".")[0] != self.import_name.partition(".")[0]:
                return None
            name = self._add(outer, owner, home, outer)
        return f"{name}.{inner}" if inner else name


def choose_alias(name: str, taken: set[str] | frozenset[str]) -> str:
    """Return the name under which a test file imports something.

    >>> choose_alias("test_all", frozenset()), choose_alias("list", frozenset({"list"}))
    ('call_test_all', 'list_')
    """
    alias = name
    if name.lower().startswith("test"):
        alias = f"The{name}" if name[0].isupper() else f"call_{name}"
    while alias in taken or keyword.iskeyword(alias):
        alias += "_"
    return alias


def _find_vocabulary() -> Iterator[tuple[str, object]]:
    for name in sorted(BUILTINS | ERRORS):
        if hasattr(builtins, name):
            yield name, getattr(builtins, name)
    for name, source in STANDARD.items():
        if source.module == "pytest":  # the explorer compares by itself
            continue
        module = importlib.import_module(source.module)
        yield name, getattr(module, source.attribute) if source.attribute else module


def _name_attributes(namespace: dict[str, object]) -> Iterator[tuple[int, str]]:
    for name, source in STANDARD.items():
        for attribute in source.attributes or ():
            thing = getattr(namespace.get(name), attribute, None)
            if isinstance(thing, (type, types.FunctionType, types.BuiltinFunctionType)):
                yield id(thing), f"{name}.{attribute}"
        if source.attribute:
            yield id(namespace[name]), name


def _follow(owner: object, path: str) -> object:
    for part in filter(None, path.split(".")):
        owner = getattr(owner, part, None)
    return owner
