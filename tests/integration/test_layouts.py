"""Projects as people lay them out, and interpreters as old as theirs: each is judged rightly.

Every project has a module and a test file with one sound test and one that proves nothing.
"""

from __future__ import annotations

import sys
import textwrap
import venv
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.domain.verdict import Outcome, Verdict
from tests.fakes.judging import QUICK, judge, make_verifier

if TYPE_CHECKING:
    from openhands_testgen.domain.verdict import Verification

pytestmark = pytest.mark.anyio
PLAN = replace(QUICK, mutants=6)
VERSIONS = Path.home() / ".pyenv" / "versions"
VACUOUS = """

def test_vacuous():
    double = lambda value: 2 * value
    assert double(2) == 4
"""


@dataclass(frozen=True)
class Layout:
    """Files of a project by path, the module under test, where its tests go, and a sound test."""

    files: dict[str, str]
    module: str
    tests: str
    output: str = "tests/test_judged.py"
    more: dict[str, str] = field(default_factory=dict)


CALC = """
def triple(value):
    if value < 0:
        raise ValueError("negative")
    return 3 * value
"""
CALC_TESTS = """
import pytest
from {name} import triple

def test_sound():
    assert triple(2) == 6
    assert triple(0) == 0
    with pytest.raises(ValueError, match="negative"):
        triple(-1)
"""

LAYOUTS = {
    "src": Layout(
        {"src/shop/__init__.py": "", "src/shop/calc.py": CALC, "pyproject.toml": "[project]\n"},
        "src/shop/calc.py",
        CALC_TESTS.format(name="shop.calc"),
    ),
    "flat": Layout({"calc.py": CALC}, "calc.py", CALC_TESTS.format(name="calc")),
    "flat, named like a standard module": Layout(
        {"queue.py": CALC}, "queue.py", CALC_TESTS.format(name="queue"), "test_judged.py"
    ),
    "package at the root": Layout(
        {"shop/__init__.py": "", "shop/calc.py": CALC},
        "shop/calc.py",
        CALC_TESTS.format(name="shop.calc"),
    ),
    "tests inside the package": Layout(
        {"shop/__init__.py": "", "shop/calc.py": CALC, "shop/tests/__init__.py": ""},
        "shop/calc.py",
        CALC_TESTS.format(name="shop.calc"),
        "shop/tests/test_judged.py",
    ),
    "namespace package": Layout(
        {"firm/shop/calc.py": CALC, "firm/other/__init__.py": ""},
        "firm/shop/calc.py",
        CALC_TESTS.format(name="firm.shop.calc"),
    ),
    "pythonpath of pytest": Layout(
        {
            "lib/shop/__init__.py": "",
            "lib/shop/calc.py": CALC,
            "pytest.ini": "[pytest]\npythonpath = lib\naddopts = --no-such-option\n",
        },
        "lib/shop/calc.py",
        CALC_TESTS.format(name="shop.calc"),
    ),
    "generated file that git ignores": Layout(
        {
            ".gitignore": "_version.py\n",
            "shop/__init__.py": "from shop._version import VERSION\n",
            "shop/_version.py": "VERSION = '1.0'\n",
            "shop/calc.py": "from shop import VERSION\n" + CALC,
        },
        "shop/calc.py",
        CALC_TESTS.format(name="shop.calc")
        + '    from shop import VERSION\n    assert VERSION == "1.0"\n',
    ),
    "package that hides its module": Layout(
        {"triple/__init__.py": "from triple.triple import triple\n", "triple/triple.py": CALC},
        "triple/triple.py",
        CALC_TESTS.format(name="triple"),
    ),
    "the module is the package": Layout(
        {"shop/__init__.py": CALC}, "shop/__init__.py", CALC_TESTS.format(name="shop")
    ),
    "effects when it is imported": Layout(
        {
            "table.py": """
            import pathlib
            import sys

            def read_rates(path):
                return {line.split()[0]: int(line.split()[1]) for line in path.open()}

            print("loading", file=sys.stderr)
            RATES = read_rates(pathlib.Path(__file__).with_name("rates.txt"))
            pathlib.Path("loaded.log").write_text("once")

            def get_rate(name):
                return RATES[name] * 2
            """,
            "rates.txt": "DE 19\nFR 20\n",
        },
        "table.py",
        """
        import table

        def test_sound():
            assert table.get_rate("DE") == 38
            assert table.RATES == {"DE": 19, "FR": 20}
        """,
    ),
    "async module": Layout(
        {
            "agenda.py": """
            import asyncio

            async def double(value):
                await asyncio.sleep(0)
                return 2 * value

            async def count(last):
                for number in range(last):
                    yield await double(number)
            """
        },
        "agenda.py",
        """
        import asyncio
        from agenda import count, double

        def test_sound():
            async def collect():
                return [number async for number in count(3)]

            assert asyncio.run(double(4)) == 8
            assert asyncio.run(collect()) == [0, 2, 4]
        """,
    ),
    "async tests with a plugin": Layout(
        {"agenda.py": "async def double(value):\n    return 2 * value\n"},
        "agenda.py",
        """
        import pytest
        from agenda import double

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        async def test_sound():
            assert await double(4) == 8
        """,
    ),
    "fixtures of the project": Layout(
        {
            "shop/__init__.py": "",
            "shop/calc.py": CALC,
            "tests/conftest.py": "import pytest\n\n@pytest.fixture\ndef two():\n    return 2\n",
            "tests/__init__.py": "",
            "tests/support.py": "SIX = 6\n",
        },
        "shop/calc.py",
        """
        import pytest
        from shop.calc import triple
        from tests.support import SIX

        def test_sound(two):
            assert triple(two) == SIX
            with pytest.raises(ValueError):
                triple(-1)
        """,
    ),
    "classes of unittest": Layout(
        {"calc.py": CALC},
        "calc.py",
        """
        import unittest
        from calc import triple

        class Tests(unittest.TestCase):
            def setUp(self):
                self.two = 2

            def test_sound(self):
                self.assertEqual(triple(self.two), 6)
                with self.assertRaisesRegex(ValueError, "negative"):
                    triple(-1)
        """,
    ),
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def lay_out(folder: Path, layout: Layout) -> Path:
    for name, text in layout.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


async def judge_layout(folder: Path, layout: Layout, python: str = sys.executable) -> Verification:
    return await judge(
        make_verifier(python, PLAN),
        lay_out(folder, layout),
        textwrap.dedent(layout.tests) + VACUOUS,
        module=layout.module,
        output=layout.output,
        threshold=100,
    )


def check(verification: Verification) -> None:
    outcomes = {case.name.rpartition("::")[2]: case.outcome for case in verification.cases}
    assert outcomes == {"test_sound": Outcome.PASSED, "test_vacuous": Outcome.VACUOUS}
    assert [stage for stage in verification.stages if not stage.passed] == []
    assert verification.verdict is Verdict.ACCEPTED
    assert verification.mutation is not None
    assert verification.mutation.total > 0
    assert b"test_vacuous" not in verification.content


@pytest.mark.parametrize("name", LAYOUTS)
async def test_a_layout_is_judged_rightly(tmp_path: Path, name: str) -> None:
    check(await judge_layout(tmp_path, LAYOUTS[name]))


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"])
async def test_an_interpreter_is_good_enough(tmp_path: Path, version: str) -> None:
    found = sorted(VERSIONS.glob(f"{version}.*/bin/python"))
    if not found:
        pytest.skip(f"there is no Python {version} in {VERSIONS}")
    check(await judge_layout(tmp_path, LAYOUTS["src"], str(found[-1])))


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """Make a virtual environment without any package and return where its packages go."""
    folder = tmp_path / "environment"
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    return packages


def get_python(packages: Path) -> str:
    return str(packages.parents[2] / "bin" / "python")


async def test_a_dependency_comes_from_the_environment(tmp_path: Path, environment: Path) -> None:
    (environment / "thirds.py").write_text("THREE = 3\n")
    layout = Layout(
        {"calc.py": "from thirds import THREE\n" + CALC.replace("3 * value", "THREE * value")},
        "calc.py",
        CALC_TESTS.format(name="calc"),
    )
    check(await judge_layout(tmp_path / "project", layout, get_python(environment)))


async def test_a_missing_dependency_is_named(tmp_path: Path, environment: Path) -> None:
    layout = Layout(
        {"calc.py": "from thirds import THREE\n" + CALC}, "calc.py", CALC_TESTS.format(name="calc")
    )
    verification = await judge_layout(tmp_path / "project", layout, get_python(environment))
    assert verification.verdict is Verdict.REJECTED
    assert "No module named 'thirds'" in " ".join(verification.stages[-1].reasons)


FINDER = """
import importlib.util
import sys

class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == "shop":
            place = {place!r}
            return importlib.util.spec_from_file_location(name, place + "/__init__.py",
                submodule_search_locations=[place])

def install():
    sys.meta_path.append(Finder)
"""


@pytest.mark.parametrize("kind", ["path", "finder"])
async def test_an_editable_install_does_not_hide_the_copy(
    tmp_path: Path, environment: Path, kind: str
) -> None:
    project = tmp_path / "project"
    if kind == "path":
        (environment / "shop.pth").write_text(f"{project / 'src'}\n")
    else:
        (environment / "shop_finder.py").write_text(FINDER.format(place=str(project / "src/shop")))
        (environment / "shop.pth").write_text("import shop_finder; shop_finder.install()\n")
    layout = LAYOUTS["src"]
    inside = (
        f"    import shop.calc\n    assert not shop.calc.__file__.startswith({str(project)!r})\n"
    )
    layout = replace(layout, tests=layout.tests + inside)
    check(await judge_layout(project, layout, get_python(environment)))
