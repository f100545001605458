"""Say what this interpreter is, as JSON. Runs in the user's interpreter, whatever its age."""

import importlib
import json
import os
import site
import sys
import sysconfig

HERE = os.path.dirname(os.path.abspath(__file__))


def find_version(name):
    """Return the version of an installed package, or None."""
    try:
        return str(getattr(importlib.import_module(name), "__version__", ""))
    except Exception:  # noqa: BLE001 - a broken package counts as none
        return None


def describe():
    """Return the facts that the judge needs."""
    return {
        "version": list(sys.version_info[:3]),
        "executable": sys.executable,
        "prefixes": sorted({sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}),
        "paths": [path for path in sys.path if path != HERE] + sorted(sysconfig.get_paths().values()),
        "user_base": site.getuserbase() if site.ENABLE_USER_SITE else None,
        "pytest": find_version("pytest"),
        "coverage": find_version("coverage"),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(describe()) + "\n")
