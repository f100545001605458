"""Say what this interpreter is, as JSON. Runs in the user's interpreter, whatever its age."""

from __future__ import annotations

import importlib
import json
import site
import sys
import sysconfig
from pathlib import Path

HERE = str(Path(__file__).resolve().parent)


def find_version(name: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return str(getattr(importlib.import_module(name), "__version__", ""))
    except Exception:  # noqa: BLE001 - a broken package counts as none
        return None


def describe() -> dict[str, object]:
    """Return the facts that the judge needs."""
    return {
        "version": list(sys.version_info[:3]),
        "executable": sys.executable,
        "prefixes": sorted({sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}),
        "paths": [path for path in sys.path if path != HERE]
        + sorted(sysconfig.get_paths().values()),
        "user_base": site.getuserbase() if site.ENABLE_USER_SITE else None,
        "pytest": find_version("pytest"),
        "coverage": find_version("coverage"),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(describe()) + "\n")
