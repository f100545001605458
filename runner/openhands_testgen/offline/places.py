"""What foreign code needs on a workbench: our scripts to read, and folders to import from."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from openhands_testgen.domain.layout import (
    CONFIGURATION_SECTIONS,
    PYPROJECT,
    find_outer_folder,
    import_roots,
    parse_pythonpath,
)
from openhands_testgen.sandbox.workbench import find_package_folders, read_foreign

if TYPE_CHECKING:
    from openhands_testgen.sandbox.workbench import Workbench

INSIDE = Path(__file__).with_name("inside")
MAX_CONFIGURATION_BYTES = 1_000_000


def put_scripts(bench: Workbench) -> Path:
    """Copy our scripts to where foreign code may read but not write; return their folder."""
    folder = bench.ours / "inside"
    if not folder.exists():
        shutil.copytree(INSIDE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def find_roots(bench: Workbench, module_path: str, output_path: str) -> tuple[Path, ...]:
    """Return the folders of the copy to import from, as the verdict does."""
    packages = find_package_folders(bench.project)
    files = {
        name: read_foreign(bench.project / name, MAX_CONFIGURATION_BYTES)
        for name in (PYPROJECT, *CONFIGURATION_SECTIONS)
    }
    configured = parse_pythonpath({name: text for name, text in files.items() if text is not None})
    roots = import_roots(module_path, packages, configured)
    tests = find_outer_folder(output_path, packages)
    return tuple(bench.project / root for root in dict.fromkeys((*roots, tests)))
