"""Public modules with the tests that their authors wrote, and an environment to run them in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOOLS = ("mutmut==3.8.1", "pytest==9.2.0", "coverage==7.17.3")


@dataclass(frozen=True, slots=True)
class Tested:
    """A module and its tests, relative to a package's unpacked source; ``root`` is mutmut's."""

    package: str
    root: str
    module: str
    tests: str


SUBJECTS = (
    Tested("cachetools==8.0.2", "src", "src/cachetools/func.py", "tests/test_func.py"),
    Tested("shortuuid==1.0.13", "shortuuid", "shortuuid/main.py", "shortuuid/test_shortuuid.py"),
    Tested("boltons==26.2.0", "boltons", "boltons/pathutils.py", "tests/test_pathutils.py"),
    Tested("boltons==26.2.0", "boltons", "boltons/mathutils.py", "tests/test_mathutils.py"),
    Tested("toolz==1.2.0", "toolz", "toolz/dicttoolz.py", "toolz/tests/test_dicttoolz.py"),
)


def find_cache() -> Path:
    """Return the folder for what is downloaded, outside of the repository."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "openhands-testgen-benchmarks"


def fetch_source(package: str) -> Path:
    """Return the folder of a package's unpacked source, downloading it once."""
    folder = find_cache() / f"{package}-source"
    if not folder.exists():
        with tempfile.TemporaryDirectory(prefix="fetch-") as name:
            building = Path(name)
            command = [
                "python3",
                "-m",
                "pip",
                "download",
                "-q",
                "--no-deps",
                "--no-binary",
                ":all:",
            ]
            subprocess.run([*command, "-d", str(building), package], check=True)
            (archive,) = building.glob("*.tar.gz")
            with tarfile.open(archive) as opened:
                opened.extractall(building / "unpacked", filter="data")
            (unpacked,) = (building / "unpacked").iterdir()
            folder.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(unpacked, folder)
    return folder


def find_tools() -> Path:
    """Return an interpreter that has mutmut, pytest and coverage, installing them once."""
    folder = find_cache() / f"mutation-tools-{TOOLS[0]}"
    python = folder / "bin" / "python"
    if not (folder / ".complete").exists():
        command = [str(ROOT / "runner" / "environment"), "dev"]
        dev = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        uv = str(Path(dev) / "bin" / "uv")
        subprocess.run([uv, "venv", "-q", "--clear", "--python", "3.12", str(folder)], check=True)
        install = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", str(python)]
        subprocess.run([*install, *TOOLS], check=True)
        (folder / ".complete").touch()
    return python


def find_covered_lines(python: Path, project: Path, tested: Tested) -> list[int]:
    """Return the lines of the module that its tests run."""
    with tempfile.TemporaryDirectory(prefix="coverage-") as name:
        data, report = f"--data-file={name}/data", f"{name}/report.json"
        include = f"--include={project / tested.module}"
        roots = [str(project / "src"), str(project)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(roots)}
        for arguments in (
            ["run", data, include, "-m", "pytest", "-q", "-p", "no:cacheprovider", tested.tests],
            ["json", "-q", data, include, "-o", report],
        ):
            subprocess.run(
                [str(python), "-m", "coverage", *arguments],
                cwd=project,
                env=environment,
                check=True,
                capture_output=True,
            )
        content = json.loads(Path(report).read_text(encoding="utf-8"))
    (file,) = content["files"].values()
    return [int(line) for line in file["executed_lines"]]
