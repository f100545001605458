"""Import the module under test, as it is or with probes."""

from __future__ import annotations

import ast
import builtins
import importlib
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import TYPE_CHECKING

from .probes import Recorder, instrument

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType


class ProbingLoader(SourceFileLoader):
    """Compiles one module with probes, without any cache."""

    recorder: Recorder

    def get_code(self, fullname: str) -> CodeType:
        """Return the module's code with probes."""
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path), filename=path)
        self.recorder.words = instrument(tree)
        return compile(tree, path, "exec", dont_inherit=True)


class ProbingFinder(MetaPathFinder):
    """Finds one module, and has it loaded with probes."""

    def __init__(self, name: str, recorder: Recorder) -> None:
        """Take the module's dotted name, and what its probes report to."""
        self._name = name
        self._recorder = recorder

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find it where it is found without us."""
        if fullname != self._name:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            loader = ProbingLoader(spec.loader.name, spec.loader.path)
            loader.recorder = self._recorder
            spec.loader = loader
        return spec


def import_with_probes(name: str) -> tuple[ModuleType, Recorder]:
    """Import the module with probes; what they see is noted while the recorder is on."""
    recorder = Recorder()
    vars(builtins).update(recorder.list_probes())
    finder = ProbingFinder(name, recorder)
    sys.meta_path.insert(0, finder)
    try:
        return importlib.import_module(name), recorder
    finally:
        sys.meta_path.remove(finder)
