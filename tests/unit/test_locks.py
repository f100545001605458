"""The locks hold what the project asks for, with hashes, and name no host."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "locks").glob("*.txt"))
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
PINNED = re.compile(r"[A-Za-z0-9._-]+(\[[a-z0-9,-]+\])?==[A-Za-z0-9.+!]+( ; [^\\]+)? \\")


def read_lock(path: Path) -> dict[str, list[Requirement]]:
    """Read the pinned requirements by name: one a name, or one an interpreter."""
    found: dict[str, list[Requirement]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith(" "):
            requirement = Requirement(line.removesuffix("\\"))
            found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def read_wanted(path: Path) -> list[Requirement]:
    """Read what a lock is made from, without comments and without other files."""
    if path.suffix == ".toml":
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        return [Requirement(line) for line in project["dependencies"]]
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-r"))]


def test_there_is_a_lock_for_each_source() -> None:
    sources = {path.stem for path in (ROOT / "locks").glob("*.in")} | {"runner"}
    assert {path.stem for path in LOCKS} == sources


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_line_is_a_pin_or_a_hash(lock: Path) -> None:
    lines = lock.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not (HASH.fullmatch(line) or PINNED.fullmatch(line))] == []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        assert line.endswith("\\") == following.startswith(" "), line


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_what_is_asked_for_is_locked(lock: Path) -> None:
    source = ROOT / "pyproject.toml" if lock.stem == "runner" else lock.with_suffix(".in")
    locked = read_lock(lock)
    for wanted in read_wanted(source):
        pins = locked[canonicalize_name(wanted.name)]
        for pin in pins:
            (version,) = (one.version for one in pin.specifier)
            assert wanted.specifier.contains(version), f"{pin} is not {wanted}"


def test_the_development_lock_holds_the_runners_packages() -> None:
    runner, dev = read_lock(ROOT / "locks" / "runner.txt"), read_lock(ROOT / "locks" / "dev.txt")
    assert {name: [str(pin) for pin in pins] for name, pins in runner.items()} == {
        name: [str(pin) for pin in dev[name]] for name in runner
    }


def test_the_runner_supports_what_the_package_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["requires-python"] == ">=3.12"
    assert (ROOT / ".python-version").read_text(encoding="utf-8") == "3.12\n"
    assert project["tool"]["ruff"]["target-version"] == "py312"
    assert "sys.version_info >= (3, 12)" in (ROOT / "runner" / "environment").read_text()
