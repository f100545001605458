"""The command ``verify``: a verdict on any test file, as JSON, in words, and as an exit code."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from openhands_testgen import cli
from tests.corpus.table import PROJECT, read_file, read_pair

if TYPE_CHECKING:
    from pathlib import Path

    from openhands_testgen.domain.judgement import VerdictDict

QUICK = ("--python", sys.executable, "--reruns", "1", "--mutants", "0")
TESTS = "test_judged.py"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path in PROJECT.glob("*.py"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "empty.py").write_text("# nothing\n")
    return tmp_path


def verify(project: Path, *options: str, module: str = "shop.py", tests: str = TESTS) -> int:
    place = ("--working-directory", str(project), "--module", module, "--tests", tests)
    return cli.main(["verify", *place, *QUICK, *options])


def put(project: Path, content: str | bytes) -> None:
    (project / TESTS).write_bytes(content.encode() if isinstance(content, str) else content)


def read(capsys: pytest.CaptureFixture[str]) -> tuple[VerdictDict, str]:
    said = capsys.readouterr()
    return json.loads(said.out), said.err


def test_an_accepted_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(project, read_pair("no_assertion"))
    before = sorted(project.iterdir())
    assert verify(project, "--coverage-threshold", "30") == 0
    verdict, words = read(capsys)
    assert verdict["verdict"] == "accepted"
    assert (verdict["module_path"], verdict["tests_path"]) == ("shop.py", TESTS)
    assert (verdict["tests"]["passed"], verdict["tests"]["total"]) == (1, 2)
    (problem,) = verdict["tests"]["cases"][0]["problems"]
    assert (problem["rule"], problem["line"]) == ("no-assertion", 4)
    assert "left out: test_judged.py::test_no_assertion_cheat, line 4: asserts nothing" in words
    assert sorted(project.iterdir()) == before


def test_a_rejected_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(project, read_pair("no_assertion"))
    assert verify(project) == 10
    verdict, words = read(capsys)
    assert verdict["verdict"] == "rejected"
    assert verdict["coverage"] is not None
    assert verdict["coverage"]["threshold"] == 80
    assert "coverage: " in words
    assert verify(project, "--fail-on", "never") == 0


@pytest.mark.parametrize(("fail_on", "code"), [("rejected", 0), ("weak", 10)])
def test_a_weak_file(
    project: Path, capsys: pytest.CaptureFixture[str], fail_on: str, code: int
) -> None:
    put(project, read_file("weak", "cheat"))
    options = ("--mutants", "12", "--fail-on", fail_on)
    assert verify(project, *options, module="rates.py") == code
    verdict, words = read(capsys)
    assert verdict["verdict"] == "weak"
    assert verdict["mutation"] is not None
    assert verdict["mutation"]["survivors"]
    assert "unnoticed: rates.py, line" in words


def test_a_threshold_that_is_met_is_enough(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(project, read_file("weak", "cheat"))
    options = ("--mutants", "12", "--mutation-threshold", "0")
    assert verify(project, *options, module="rates.py") == 0
    assert read(capsys)[0]["verdict"] == "accepted"


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"module": "missing.py"}, 3, "There is no module missing.py"),
        ({"module": "empty.py"}, 3, "nothing to test"),
        ({"tests": "test_missing.py"}, 2, "tests: there is no file test_missing.py"),
        ({"tests": "../test_a.py"}, 2, "tests: "),
        ({"module": ""}, 2, "module: name the module"),
        ({"tests": ""}, 2, "tests: name the module"),
    ],
)
def test_bad_input(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    options: dict[str, str],
    code: int,
    words: str,
) -> None:
    put(project, read_pair("no_assertion"))
    assert verify(project, **options) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--reruns", "-1"),
        ("--mutants", "many"),
        ("--mutation-threshold", "101"),
        ("--verify-timeout", "0"),
        ("--sandbox", "maybe"),
        ("--python", "no-such-python"),
        ("--coverage-threshold", "0"),
    ],
)
def test_bad_settings(
    project: Path, capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    put(project, read_pair("no_assertion"))
    assert verify(project, option, value) == 2
    assert option.removeprefix("--") in capsys.readouterr().err
