"""Explore a module: ``python explore.py REQUEST``, where REQUEST is a file of JSON.

Our own modules are loaded under a name of their own, so that none of them can stand in the way of a
project's ``values`` or ``search``.
"""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path

PACKAGE = "_openhands_testgen_inside"


def run(request_path: str) -> None:
    """Load our own modules, then do what the request says."""
    here = Path(__file__).resolve().parent
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != here]
    package = types.ModuleType(PACKAGE)
    package.__path__ = [str(here)]
    sys.modules[PACKAGE] = package
    importlib.import_module(f"{PACKAGE}.session").main(request_path)


if __name__ == "__main__":
    run(sys.argv[1])
