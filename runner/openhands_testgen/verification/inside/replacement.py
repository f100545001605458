"""Put other code in the place of one source file's, without a write to any file."""

from __future__ import annotations

import builtins
import gc
import importlib.machinery
import os
import runpy
import sys
from contextlib import AbstractContextManager, nullcontext
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from openhands_testgen.verification.inside.library import Library


class Replacement:
    """What is loaded from ``path`` from now on, under whatever name it is imported.

    ``around`` is entered with each module while it is loaded from it. Other files come from the
    ``library`` if it has them; ``loaded`` are those that did not.
    """

    def __init__(
        self,
        path: str,
        code: CodeType,
        around: Callable[[ModuleType], AbstractContextManager[None]] | None = None,
        library: Library | None = None,
    ) -> None:
        """Say what stands in the place of what."""
        self.code = code
        self.loaded: list[str] = []
        self._library = library
        self.is_loaded = False
        self._path = os.path.realpath(path)
        self._name = os.path.basename(path)  # noqa: PTH119 - runs at every import
        self._around = around

    def install(self) -> None:
        """Change how this process loads source files."""
        loader = importlib.machinery.SourceFileLoader
        get_code, exec_module = loader.get_code, loader.exec_module

        # Tests can put something else in the place of what has a name, and keep what passes there.
        run, get_frame, runs_as_main = exec, sys._getframe, runpy._get_module_details  # type: ignore[attr-defined]  # noqa: SLF001

        def get_replaced(found: importlib.machinery.SourceFileLoader, name: str) -> CodeType | None:
            if not self._is_at(found.path):
                return self._find(found) or get_code(found, name)
            asking = get_frame(1).f_code
            if asking is not runs_as_main.__code__ or builtins.exec is not run:
                return get_code(found, name)  # what stands in the file
            self.is_loaded = True
            return self.code

        def exec_replaced(found: importlib.machinery.SourceFileLoader, module: ModuleType) -> None:
            if not self._is_at(found.path):
                exec_module(found, module)
                return
            self.is_loaded = True
            with self._around(module) if self._around else nullcontext():
                run(self.code, module.__dict__)

        loader.get_code = get_replaced  # type: ignore[method-assign,assignment]  # the purpose
        loader.exec_module = exec_replaced  # type: ignore[method-assign,assignment]  # the purpose

    def _find(self, found: importlib.machinery.SourceFileLoader) -> CodeType | None:
        """Look a file up; one that is not there may be the next time.

        Loaders of another kind compile in their own way.
        """
        is_plain = type(found) is importlib.machinery.SourceFileLoader
        if self._library is None or not is_plain or not isinstance(found.path, str):
            return None
        code = self._library.find(found.path)
        if code is None:
            self.loaded.append(found.path)
        return code

    def _is_at(self, path: object) -> bool:
        text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else ""
        return (
            isinstance(text, str)
            and os.path.basename(text) == self._name  # noqa: PTH119 - runs at every import
            and os.path.realpath(text) == self._path
        )


def find_functions(path: str) -> dict[int, list[FunctionType]]:
    """Return all functions of this process that were compiled from a file, by their code's id."""
    functions: dict[int, list[FunctionType]] = {}
    for one in gc.get_objects():
        if type(one) is FunctionType and one.__code__.co_filename == path:
            functions.setdefault(id(one.__code__), []).append(one)
    return functions


def swap(old: CodeType, new: CodeType, functions: dict[int, list[FunctionType]]) -> None:
    """Give all functions of ``old``, the nested ones too, the code that ``new`` has there.

    Raises:
        ValueError: a function would need other variables of its surroundings.

    """
    for before, after in _pair(old, new):
        for function in functions.get(id(before), ()):
            function.__code__ = after


def can_swap(old: CodeType, new: CodeType, early: Collection[int]) -> bool:
    """Whether functions can take their new code while they live.

    One that would need other variables of its surroundings cannot, but there is none whose
    definition is not among the ``early`` lines: what ran so far.
    """
    return all(
        before.co_freevars == after.co_freevars or before.co_firstlineno not in early
        for before, after in _pair(old, new)
    )


def _pair(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    yield old, new
    inner_old, inner_new = _find_inner(old), _find_inner(new)
    if [code.co_name for code in inner_old] == [code.co_name for code in inner_new]:
        for before, after in zip(inner_old, inner_new):
            yield from _pair(before, after)


def _find_inner(code: CodeType) -> list[CodeType]:
    return [const for const in code.co_consts if isinstance(const, CodeType)]
