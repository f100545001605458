"""The user's interpreter is asked what it is; what it opens to foreign code is chosen."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from openhands_testgen.errors import ConfigurationError
from openhands_testgen.sandbox.interpreter import (
    Facts,
    choose_probe_environment,
    choose_readable,
    find_interpreter,
    has_tools,
    parse_facts,
)

FACTS: dict[str, object] = {
    "version": [3, 9, 18],
    "executable": "/opt/python/bin/python3.9",
    "prefixes": ["/opt/python"],
    "paths": ["/opt/python/lib/python3.9", "/opt/python/lib/python3.9/site-packages"],
    "user_base": None,
    "pytest": "8.4.2",
    "coverage": "7.10.7",
}


def make_facts(**changes: object) -> Facts:
    return Facts.model_validate({**FACTS, **changes})


def make_python(folder: Path, prints: str) -> str:
    """Make a program that says of itself what the test wants."""
    program = folder / "bin" / "python"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{prints}\nEND\n")
    program.chmod(0o755)
    return "bin/python"


async def refuse_overlay(python: Path) -> Path:
    message = f"{python} needs no overlay"
    raise AssertionError(message)


def test_facts_are_parsed() -> None:
    facts = parse_facts("python3", json.dumps(FACTS).encode(), b"")
    assert facts.version == (3, 9, 18)
    assert facts.executable == "/opt/python/bin/python3.9"


@pytest.mark.parametrize(
    ("stdout", "stderr", "message"),
    [
        (b"", b"", "is not a working Python 3.9 or later: it printed nothing usable"),
        (b"", b"first\nbad magic number\n", "or later: bad magic number"),
        (b"{}", b"", "is not a working Python"),
        (b"[]", b"", "is not a working Python"),
        (b"Python 3.12", b"", "is not a working Python"),
        (b"\xff", b"\xff", "is not a working Python"),
        (
            json.dumps({**FACTS, "version": [3, 8, 1]}).encode(),
            b"",
            "is Python 3.8.1; the oldest that can judge tests is 3.9",
        ),
    ],
)
def test_what_is_no_fit_interpreter_is_named(stdout: bytes, stderr: bytes, message: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^python: 'mine' ") as caught:
        parse_facts("mine", stdout, stderr)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("path", "is_open"),
    [
        ("/opt/python/lib/python3.9/site-packages", True),
        ("/usr/lib/python3/dist-packages", True),
        ("/home/u/.local/lib/python3.9/site-packages", True),
        ("/home/u", False),
        ("/home", False),
        ("/", False),
        ("/repo/project", False),
        ("/repo/project/src", False),
        ("/repo", False),
        ("relative", False),
    ],
)
def test_paths_that_are_opened(path: str, *, is_open: bool) -> None:
    facts = make_facts(paths=[path])
    opened = choose_readable(facts, Path("/repo/project"), Path("/home/u"))
    assert (Path(path) in opened) is is_open
    assert opened[:2] == (Path("/opt/python"), Path("/opt/python/bin"))


def test_an_environment_inside_the_project_is_opened_but_not_the_project() -> None:
    environment = "/repo/project/.venv"
    facts = make_facts(
        executable=f"{environment}/bin/python",
        prefixes=[environment, "/opt/python"],
        paths=[f"{environment}/lib/python3.9/site-packages", "/repo/project/src"],
    )
    opened = choose_readable(facts, Path("/repo/project"), Path("/home/u"))
    assert Path(environment) in opened
    assert Path(environment, "lib/python3.9/site-packages") in opened
    assert not {Path("/repo/project"), Path("/repo/project/src")} & set(opened)


def test_a_home_that_is_a_prefix_is_not_opened() -> None:
    facts = make_facts(prefixes=["/home/u"], paths=["/home/u/lib/python3.9"])
    opened = choose_readable(facts, Path("/repo/project"), Path("/home/u"))
    assert Path("/home/u") not in opened
    assert Path("/home/u/lib/python3.9") in opened


def test_only_what_finds_an_interpreter_reaches_the_probe() -> None:
    given = {"PATH": "/bin", "HOME": "/h", "PYENV_VERSION": "3", "VIRTUAL_ENV": "/v"}
    secret = {"LLM_API_KEY": "x", "GITHUB_TOKEN": "x", "PYTHONPATH": "/p", "MY_PYENV_KEY": "x"}
    assert choose_probe_environment({**given, **secret}) == given


@pytest.mark.anyio
async def test_a_real_interpreter(tmp_path: Path) -> None:
    found = await find_interpreter(sys.executable, tmp_path, os.environ, refuse_overlay)
    assert found.executable.samefile(sys.executable)
    assert found.version == sys.version_info[:3]
    assert Path(sys.base_prefix) in found.readable
    assert found.overlay is None


@pytest.mark.anyio
async def test_a_name_is_looked_up_on_path_and_a_path_from_the_project(tmp_path: Path) -> None:
    python = make_python(tmp_path, json.dumps(FACTS))
    environment = {"PATH": f"{tmp_path}/bin:/bin:/usr/bin"}
    by_path = await find_interpreter(python, tmp_path, environment, refuse_overlay)
    by_name = await find_interpreter("python", tmp_path, environment, refuse_overlay)
    assert by_path == by_name
    assert by_path.executable == Path("/opt/python/bin/python3.9")


@pytest.mark.parametrize(
    ("pytest_version", "coverage_version", "expected"),
    [
        ("7.0.0", "6.0", True),
        ("10.1", "7.13.0", True),
        ("6.2.5", "7.10.7", False),
        ("8.4.2", "5.5", False),
        (None, "7.10.7", False),
        ("8.4.2", None, False),
        ("", "7.10.7", False),
        ("unknown", "7.10.7", False),
    ],
)
def test_old_tools_are_as_good_as_none(
    pytest_version: str | None, coverage_version: str | None, *, expected: bool
) -> None:
    assert has_tools(make_facts(pytest=pytest_version, coverage=coverage_version)) is expected


@pytest.mark.anyio
@pytest.mark.parametrize("missing", ["pytest", "coverage"])
async def test_what_is_missing_comes_from_an_overlay(tmp_path: Path, missing: str) -> None:
    asked = []

    async def install(python: Path) -> Path:
        asked.append(python)
        return Path("/overlay")

    python = make_python(tmp_path, json.dumps({**FACTS, missing: None}))
    found = await find_interpreter(python, tmp_path, os.environ, install)
    assert found.overlay == Path("/overlay")
    assert asked == [found.executable]


@pytest.mark.anyio
@pytest.mark.parametrize("python", ["no-such-python", "./no-such-python", "/no/such/python"])
async def test_there_is_no_such_interpreter(tmp_path: Path, python: str) -> None:
    with pytest.raises(ConfigurationError, match=r"no.such.python"):
        await find_interpreter(python, tmp_path, os.environ, refuse_overlay)
