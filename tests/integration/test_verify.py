"""The verdict on small real projects, with a real interpreter in the real sandbox."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.domain.verdict import Candidate, Outcome, Verdict
from openhands_testgen.errors import ConfigurationError
from openhands_testgen.verification.plan import VerdictPlan
from openhands_testgen.verification.verify import SandboxedVerifier

if TYPE_CHECKING:
    from pathlib import Path

    from openhands_testgen.domain.verdict import Verification

pytestmark = pytest.mark.anyio
MODULE = """\
def get_total(net: int, tax: int) -> int:
    if net < 0:
        raise ValueError("net is negative")
    return net + tax
"""
SOUND = """\
import pytest

from {name} import get_total


def test_total():
    assert get_total(100, 19) == 119
    assert get_total(0, 7) == 7


def test_a_negative_net_is_refused():
    with pytest.raises(ValueError, match="net is negative"):
        get_total(-1, 0)
"""
ONLY_THE_TOTAL = """\
from shop.prices import get_total


def test_total():
    assert get_total(100, 19) == 119
"""
SECRET = "planted-secret-of-the-job"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def candidate(tmp_path: Path) -> Candidate:
    """Sound tests of a module in the ``src`` layout."""
    project = tmp_path / "my project"
    write(project / "src/shop/__init__.py", "")
    write(project / "src/shop/prices.py", MODULE)
    return make_candidate(project, "src/shop/prices.py", SOUND.format(name="shop.prices"))


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def make_candidate(project: Path, module_path: str, tests: str) -> Candidate:
    return Candidate(project, module_path, "tests/test_prices.py", tests.encode(), 80)


async def verify(candidate: Candidate, timeout_seconds: float = 300) -> Verification:
    async def install_nothing(python: Path) -> Path:
        message = f"{python} has pytest and coverage"
        raise AssertionError(message)

    verifier = SandboxedVerifier(
        python=sys.executable,
        environment={**os.environ, "LLM_API_KEY": SECRET},
        install_overlay=install_nothing,
        plan=VerdictPlan(timeout_seconds=timeout_seconds),
        scratch=candidate.project.parent,
    )
    before = list_files(candidate.project)
    async with verifier.open(candidate.project):
        verification = await verifier.verify(candidate)
    assert list_files(candidate.project) == before
    assert [path.name for path in candidate.project.parent.iterdir()] == [candidate.project.name]
    return verification


def list_files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def get_reasons(verification: Verification) -> str:
    return "\n".join(reason for stage in verification.stages for reason in stage.reasons)


async def test_sound_tests_are_accepted(candidate: Candidate) -> None:
    verification = await verify(candidate)
    assert verification.verdict is Verdict.ACCEPTED, get_reasons(verification)
    assert {case.name: case.outcome for case in verification.cases} == {
        "tests/test_prices.py::test_total": Outcome.PASSED,
        "tests/test_prices.py::test_a_negative_net_is_refused": Outcome.PASSED,
    }
    assert verification.coverage is not None
    assert (verification.coverage.percent, verification.coverage.missing_lines) == (100, ())
    assert verification.protections


@pytest.mark.parametrize(
    ("module_path", "name", "more"),
    [
        ("prices.py", "prices", {}),
        ("shop/prices.py", "shop.prices", {"shop/__init__.py": ""}),
        ("src/shop/__init__.py", "shop", {}),
        ("lib/inner/prices.py", "prices", {"pytest.ini": "[pytest]\npythonpath = lib/inner\n"}),
    ],
    ids=["script", "flat", "package", "pytest.ini"],
)
async def test_layouts(tmp_path: Path, module_path: str, name: str, more: dict[str, str]) -> None:
    project = tmp_path / "project"
    for path, content in {**more, module_path: MODULE}.items():
        write(project / path, content)
    candidate = make_candidate(project, module_path, SOUND.format(name=name))
    verification = await verify(candidate)
    assert verification.verdict is Verdict.ACCEPTED, get_reasons(verification)


FAILING = ONLY_THE_TOTAL.replace("119", "120")
EXITING = "import os\n" + ONLY_THE_TOTAL + "    os._exit(0)\n"
HIDDEN = ONLY_THE_TOTAL + "\n\ndel test_total\n"
SKIPPED = ONLY_THE_TOTAL.replace("def test", "import pytest\n\n\n@pytest.mark.skip\ndef test")
REWRITING = (
    "import shop.prices\n" + ONLY_THE_TOTAL + "    open(shop.prices.__file__, 'w').write('')\n"
)


@pytest.mark.parametrize(
    "tests",
    [FAILING, EXITING, HIDDEN, SKIPPED, REWRITING, "def test_total(:", "X = 1\n", "\0", ""],
    ids=[
        *("failing", "exiting", "hidden", "skipped", "rewriting"),
        *("no Python", "no test", "null byte", "empty"),
    ],
)
async def test_what_is_no_test_is_rejected(candidate: Candidate, tests: str) -> None:
    """The threshold is so low that nothing but the tests themselves can be the reason."""
    hostile = replace(candidate, content=tests.encode(), coverage_threshold=1)
    verification = await verify(hostile)
    assert verification.verdict is Verdict.REJECTED
    assert get_reasons(verification)
    assert not any(case.outcome is Outcome.PASSED for case in verification.cases) or (
        tests is REWRITING
    )


async def test_too_little_coverage_is_rejected(candidate: Candidate) -> None:
    verification = await verify(replace(candidate, content=ONLY_THE_TOTAL.encode()))
    assert verification.verdict is Verdict.REJECTED
    assert verification.coverage is not None
    assert verification.coverage.missing_lines == (3,)
    assert verification.coverage.percent == pytest.approx(100 * 4 / 6)
    assert "66.67% of lines and branches are covered, 80% are asked for" in get_reasons(
        verification
    )


async def test_no_comment_takes_lines_out_of_the_count(candidate: Candidate) -> None:
    module = MODULE.replace("if net < 0:", "if net < 0:  # pragma: no cover")
    write(candidate.project / candidate.module_path, module)
    write(candidate.project / ".coveragerc", "[report]\nexclude_lines =\n    raise\n")
    verification = await verify(replace(candidate, content=ONLY_THE_TOTAL.encode()))
    assert verification.coverage is not None
    assert verification.coverage.percent == pytest.approx(100 * 4 / 6)
    assert verification.verdict is Verdict.REJECTED


async def test_a_hanging_test_ends_at_the_limit(candidate: Candidate) -> None:
    hanging = "import threading\n" + ONLY_THE_TOTAL + "    threading.Event().wait()\n"
    verification = await verify(replace(candidate, content=hanging.encode()), timeout_seconds=20)
    assert verification.verdict is Verdict.REJECTED
    assert get_reasons(verification)


async def test_the_projects_own_options_count_for_nothing(candidate: Candidate) -> None:
    options = "[pytest]\naddopts = --no-such-option\npython_files = nothing.py\n"
    write(candidate.project / "pytest.ini", options)
    verification = await verify(candidate)
    assert verification.verdict is Verdict.ACCEPTED, get_reasons(verification)


async def test_a_conftest_of_the_project_is_used(candidate: Candidate) -> None:
    fixture = "import pytest\n\n\n@pytest.fixture\ndef tax():\n    return 19\n"
    write(candidate.project / "tests/conftest.py", fixture)
    tests = candidate.content.decode().replace("test_total():", "test_total(tax):")
    tests = tests.replace("get_total(100, 19) == 119", "get_total(100, tax) == 119")
    verification = await verify(replace(candidate, content=tests.encode()))
    assert verification.verdict is Verdict.ACCEPTED, get_reasons(verification)


async def test_judged_code_sees_no_secret_and_no_file_of_ours(
    candidate: Candidate, tmp_path: Path
) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.write_text(SECRET)
    prying = f"""\
import os


def test_environment():
    found = any({SECRET[::-1]!r}[::-1] in value for value in os.environ.values())
    assert found


def test_file():
    assert open({str(outside)!r}).read()


def test_original():
    assert os.listdir({str(candidate.project)!r})


def test_network():
    import socket
    socket.create_connection(("192.0.2.1", 9), timeout=1)
"""
    verification = await verify(replace(candidate, content=prying.encode()))
    assert verification.verdict is Verdict.REJECTED
    assert not [case for case in verification.cases if case.outcome is Outcome.PASSED]
    assert SECRET not in "".join(case.message for case in verification.cases)


async def test_a_module_that_is_not_there(candidate: Candidate) -> None:
    with pytest.raises(ConfigurationError, match=r"^working-directory: src/none\.py is not in"):
        await verify(replace(candidate, module_path="src/none.py"))


async def test_an_interpreter_that_is_not_there(candidate: Candidate) -> None:
    async def install_nothing(python: Path) -> Path:
        return python

    verifier = SandboxedVerifier("no-such-python", dict(os.environ), install_nothing)
    with pytest.raises(ConfigurationError, match="no-such-python"):
        async with verifier.open(candidate.project):
            await verifier.verify(candidate)
