"""Mutants in real processes: what is counted, what is refused, and what stays as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from openhands_testgen.verification.programs import CHANGED, NO_TIME
from openhands_testgen.verification.stages.mutation import (
    End,
    MutationPlan,
    MutationRecord,
    judge_mutation,
    run_mutation,
)
from tests.integration.judged import INTERPRETERS, Judged, find_python, set_up

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio
PLAN = MutationPlan(workers=2)
CART = """\
RATE = 2


class Cart:
    def __init__(self):
        self.items = []

    def add(self, price):
        if price < 0:
            raise ValueError("negative")
        self.items.append(price)
        return self

    @property
    def total(self):
        return sum(self.items) * RATE
"""
CART_TESTS = """\
import pytest

from {name} import Cart, RATE


def test_total():
    assert Cart().add(1).add(2).total == 6


def test_negative():
    with pytest.raises(ValueError):
        Cart().add(-1)


class TestRate:
    def test_rate(self):
        assert RATE == 2
"""
UNNOTICED = {
    ("0", "1"),
    ("price < 0", "price <= 0"),
    ('"negative"', "'XXnegativeXX'"),
}
SUM = """\
def total(n):
    found = 0
    while n > 0:
        found += n
        n -= 1
    return found
"""
SUM_TEST = """\
from sums import total


def test_total():
    assert total(3) == 6
"""
SUM_UNNOTICED = {("n > 0", "n >= 0")}
NET = """\
def price(net, rate=2):
    if net < 0:
        return 0
    return net * rate
"""
NET_TEST = """\
from net import price


def test_price():
    assert price(3) == 6
    assert price(-1) == 0
"""
DEFAULTS = """\
def price(
    net,
    rate=2,
    *,
    floor=0,
    text="EUR",
):
    return max(net * rate, floor), text


def free(net, rate=3):
    return price(net, rate)[0]
"""
DEFAULTS_TESTS = """\
from net import free, price


def test_price():
    assert price(3) == (6, "EUR")


def test_free():
    assert free(3, 3) == 9
"""
NET_UNNOTICED = {("net < 0", "net <= 0"), ("0", "1")}
DATA = """\
import enum
from dataclasses import dataclass


def square(n):
    return n * n


TABLE = {n: square(n) for n in range(3)}


class Color(enum.Enum):
    RED = 1


@dataclass
class Point:
    x: int
    y: int = 4
"""
DATA_TESTS = """\
import pytest

from data import TABLE, Color, Point


@pytest.mark.parametrize("n", [0, 1, 2])
def test_table(n):
    assert TABLE[n] == n ** 2


def test_table_ends():
    assert 3 not in TABLE


@pytest.mark.parametrize("color", list(Color))
def test_color(color):
    assert color.value == 1


def test_point():
    assert Point(1) == Point(1, 4)
"""
ASYNC = """\
import asyncio


async def double(n):
    await asyncio.sleep(0)
    return n * 2


async def count(n):
    for one in range(n):
        yield one
"""
ASYNC_TESTS = """\
import asyncio
import unittest

from later import count, double


class TestLater(unittest.IsolatedAsyncioTestCase):
    async def test_double(self):
        self.assertEqual(await double(2), 4)

    async def test_count(self):
        self.assertEqual([one async for one in count(2)], [0, 1])
"""


def judged_cart(module: str, name: str, *roots: str, **files: str) -> Judged:
    return Judged(module, {module: CART, **files}, CART_TESTS.format(name=name), (*roots, "tests"))


async def mutate(
    folder: Path, judged: Judged, plan: MutationPlan = PLAN, python: str = ""
) -> MutationRecord:
    """Run the stage on all lines, and check that it left all sources as they were."""
    async with set_up(folder, judged, *([python] if python else [])) as bench:
        before = bench.digest()
        record = await run_mutation(
            bench.python, bench.candidate, bench.roots, range(1, 100), plan, plugins=judged.plugins
        )
        if record.problem != CHANGED:
            assert bench.digest() == before
    return record


def list_unnoticed(record: MutationRecord) -> set[tuple[str, str]]:
    assert record.problem == ""
    return {(one.before, one.after) for one, end in record.ends if end is End.SURVIVED}


@pytest.mark.parametrize(
    "judged",
    [
        judged_cart("cart.py", "cart", ""),
        judged_cart("src/shop/cart.py", "shop.cart", "src", **{"src/shop/__init__.py": ""}),
        judged_cart("shop/__init__.py", "shop", ""),
        judged_cart("src/parts/cart.py", "parts.cart", "src"),
    ],
    ids=lambda judged: judged.module,
)
async def test_layouts(tmp_path: Path, judged: Judged) -> None:
    record = await mutate(tmp_path, judged)
    assert list_unnoticed(record) == UNNOTICED
    assert record.count(End.KILLED) == len(record.ends) - len(UNNOTICED)
    assert record.controls > 0


@pytest.mark.parametrize("version", INTERPRETERS)
async def test_other_interpreters(tmp_path: Path, version: str) -> None:
    judged = judged_cart("cart.py", "cart", "")
    record = await mutate(tmp_path, judged, python=find_python(version))
    assert list_unnoticed(record) == UNNOTICED


async def test_the_function_of_the_same_name_does_not_hide_the_module(tmp_path: Path) -> None:
    source = "def slug(text):\n    return text.lower()\n"
    tests = "from slug import slug\n\n\ndef test_slug():\n    assert slug('A') == 'a'\n"
    record = await mutate(tmp_path, Judged("slug/__init__.py", {"slug/__init__.py": source}, tests))
    assert list_unnoticed(record) == set()
    assert record.count(End.KILLED) == 2


async def test_what_runs_at_import_is_changed_too(tmp_path: Path) -> None:
    record = await mutate(tmp_path, Judged("data.py", {"data.py": DATA}, DATA_TESTS))
    assert list_unnoticed(record) == set()
    lines = {one.line for one, end in record.ends if end is End.KILLED}
    assert lines == {6, 9, 13, 16, 19}


async def test_defaults_are_changed(tmp_path: Path) -> None:
    record = await mutate(tmp_path, Judged("net.py", {"net.py": DEFAULTS}, DEFAULTS_TESTS))
    defaults = {
        (one.before, one.after): end for one, end in record.ends if one.line in {3, 5, 6, 11}
    }
    assert defaults == {
        ("2", "3"): End.KILLED,
        ("0", "1"): End.SURVIVED,
        ('"EUR"', "'XXEURXX'"): End.KILLED,
        ("3", "4"): End.SURVIVED,
    }


LATE_IMPORTS = {
    "in the test": "def test_price():\n    from late import price\n    assert price(3) == 6\n",
    "in a fixture": (
        "import importlib\nimport pytest\n\n\n@pytest.fixture\ndef late():\n"
        "    return importlib.import_module('late')\n\n\n"
        "def test_price(late):\n    assert late.price(3) == 6\n"
    ),
    "anew": (
        "import importlib\nimport late\n\n\n"
        "def test_price():\n    assert importlib.reload(late).price(3) == 6\n"
    ),
}


@pytest.mark.parametrize("tests", LATE_IMPORTS.values(), ids=LATE_IMPORTS)
async def test_a_module_that_is_loaded_late_is_changed_too(tmp_path: Path, tests: str) -> None:
    source = "def price(net, rate=2):\n    return net * rate\n"
    record = await mutate(tmp_path, Judged("late.py", {"late.py": source}, tests))
    assert list_unnoticed(record) == set()
    assert {one.before for one, _ in record.ends} >= {"2", "net * rate"}


ORDER = """\
import logging
import warnings


def noted(n):
    if n < 0:
        warnings.warn("below zero")
    return abs(n)


def logged(n):
    if n < 0:
        logging.warning("below zero")
    return abs(n)


def twice(n):
    return {name}(n) + {name}(n)
""" + "".join(f"\n\ndef fill_{n}(x):\n    return x\n" for n in range(20))
ORDER_TESTS = """\
import late


def test_first():
    assert late.{name}(-1) == 1


def test_twice(capsys):
    late.twice(-2)
    assert capsys.readouterr().err == ""
"""


@pytest.mark.parametrize("name", ["noted", "logged"])
async def test_what_is_printed_once_is_no_kill(tmp_path: Path, name: str) -> None:
    source, tests = ORDER.format(name=name), ORDER_TESTS.format(name=name)
    record = await mutate(tmp_path, Judged("late.py", {"late.py": source}, tests))
    line = source.splitlines().index(f"    return {name}(n) + {name}(n)") + 1
    ends = {end for one, end in record.ends if (one.line, one.operator) == (line, "arithmetic")}
    assert ends == {End.SURVIVED}


@pytest.mark.parametrize("word", ["", "# logging"], ids=["unnamed", "named"])
async def test_a_log_entry_that_cannot_be_written_is_noticed(tmp_path: Path, word: str) -> None:
    source = (
        "from logging import warning\n\n\ndef size(n):\n    left = None if n > 100 else n - 1\n"
        "    warning('%d left', left)\n    return n\n"
    )
    tests = f"from late import size\n{word}\n\ndef test_size():\n    assert size(50) == 50\n"
    record = await mutate(tmp_path, Judged("late.py", {"late.py": source}, tests))
    assert ("n > 100", "n <= 100") not in list_unnoticed(record)


async def test_warnings_are_seen_as_pytest_shows_them(tmp_path: Path) -> None:
    source = (
        "import warnings\n\n\ndef size(n):\n    if n > 100:\n"
        "        warnings.warn('large', DeprecationWarning)\n    return n\n"
    )
    tests = (
        "import warnings\nfrom late import size\n\n\ndef test_size():\n"
        "    with warnings.catch_warnings(record=True) as caught:\n        assert size(50) == 50\n"
        "    assert not caught\n"
    )
    record = await mutate(tmp_path, Judged("late.py", {"late.py": source}, tests))
    assert ("n > 100", "n <= 100") not in list_unnoticed(record)


async def test_async_functions_and_test_cases(tmp_path: Path) -> None:
    record = await mutate(tmp_path, Judged("later.py", {"later.py": ASYNC}, ASYNC_TESTS))
    assert {before for before, _ in list_unnoticed(record)} == {"await asyncio.sleep(0)", "0"}


async def test_plugins_on_request(tmp_path: Path) -> None:
    tests = (
        "import pytest\nfrom later import double\npytestmark = pytest.mark.anyio\n"
        "@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n"
        "async def test_double():\n    assert await double(2) == 4\n"
    )
    plugins = {"anyio": ["-p", "anyio.pytest_plugin"], "no_such_package": ["-p", "no_such"]}
    judged = Judged("later.py", {"later.py": ASYNC}, tests, plugins=plugins)
    record = await mutate(tmp_path, judged)
    assert ("n * 2", "n / 2") not in list_unnoticed(record)


async def test_endless_mutants_are_noticed(tmp_path: Path) -> None:
    record = await mutate(tmp_path, Judged("sums.py", {"sums.py": SUM}, SUM_TEST))
    assert list_unnoticed(record) == SUM_UNNOTICED
    assert {one.before for one, end in record.ends if end is End.TIMED_OUT} == {"n -= 1"}


async def test_the_same_seed_gives_the_same_record(tmp_path: Path) -> None:
    judged = judged_cart("cart.py", "cart", "")
    plans = [MutationPlan(mutants=6, seed=seed, workers=2) for seed in (1, 1, 2)]
    first, again, other = [
        [(one.line, one.column, one.operator, one.before, one.after, end) for one, end in rows]
        for rows in [
            (await mutate(tmp_path / str(number), judged, plan)).ends
            for number, plan in enumerate(plans)
        ]
    ]
    assert len(first) == 6
    assert first == again
    assert first != other


async def test_only_covered_lines_are_changed(tmp_path: Path) -> None:
    async with set_up(tmp_path, judged_cart("cart.py", "cart", "")) as bench:
        record = await run_mutation(bench.python, bench.candidate, bench.roots, {1, 12}, PLAN)
        nothing = await run_mutation(bench.python, bench.candidate, bench.roots, (), PLAN)
    assert {one.line for one, _ in record.ends} == {1, 12}
    assert judge_mutation(nothing, 50)[1] is None


async def test_what_there_is_no_time_for_is_left_out(tmp_path: Path) -> None:
    tests = f"{NET_TEST}\n\ndef test_slow():\n    import time\n    time.sleep(1)\n"
    judged = Judged("net.py", {"net.py": "\n".join([NET] * 3)}, tests)
    plan = MutationPlan(seconds=8, workers=1)
    record = await mutate(tmp_path, judged, plan)
    assert record.problem == ""
    assert record.count(End.LEFT_OUT) > 0
    none = await mutate(tmp_path / "none", judged, MutationPlan(seconds=0))
    assert none.problem == NO_TIME


async def test_tests_that_need_all_of_pytest_get_it(tmp_path: Path) -> None:
    tests = (
        f"{NET_TEST}    import pytest\n"
        "    with pytest.raises(AssertionError, match='assert 6 == 7'):\n"
        "        assert price(3) == 7\n"
    )
    record = await mutate(tmp_path, Judged("net.py", {"net.py": NET}, tests))
    assert list_unnoticed(record) == NET_UNNOTICED


async def test_a_module_that_pytest_itself_needs(tmp_path: Path) -> None:
    files = {"packaging/__init__.py": "", "packaging/version.py": NET}
    judged = Judged(
        "packaging/version.py", files, NET_TEST.replace("from net", "from packaging.version")
    )
    assert list_unnoticed(await mutate(tmp_path, judged)) == NET_UNNOTICED


HARMLESS = {
    "signals": """
def test_signals():
    import os, signal
    for process in range(1, 2000):
        if process != os.getpid():
            try:
                os.kill(process, signal.SIGKILL)
            except OSError:
                pass
""",
    "signal to all": """
def test_all():
    import os, signal
    try:
        os.kill(-1, signal.SIGKILL)
    except OSError:
        pass
""",
    "signals at import": """
import os, signal
for process in range(1, 2000):
    if process != os.getpid():
        try:
            os.kill(process, signal.SIGKILL)
        except OSError:
            pass
""",
    "tracing": """
def test_tracing():
    import ctypes, os
    for process in range(1, 500):
        if process != os.getpid():
            assert ctypes.CDLL(None).ptrace(16, process, 0, 0) == -1
""",
    "daemon that holds descriptors": """
def test_daemon():
    import os, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
""",
    "flood": """
def test_flood():
    import os, sys
    for _ in range(20):
        sys.stdout.write("x" * 1_000_000)
        os.write(2, b"y" * 1_000_000)
""",
    "recursion": """
def test_recursion():
    import pytest
    def again():
        again()
    with pytest.raises(RecursionError):
        again()
""",
    "memory": """
def test_memory():
    import pytest
    with pytest.raises(MemoryError):
        bytearray(1 << 40)
""",
    "look at the code": """
import operator
def read():
    try:
        return operator.attrgetter("__co" + "de__")(price)
    except RuntimeError:
        return None
CODE = read()
def test_code():
    assert read() == CODE
""",
    "look at what its loader has": """
def test_loader():
    import net
    first = net.__loader__.get_code("net")
    with open(net.__file__) as file:
        assert first == compile(file.read(), net.__file__, "exec")
""",
    "exit": """
def test_exit():
    import pytest, sys
    with pytest.raises(SystemExit):
        sys.exit(0)
""",
}


@pytest.mark.parametrize("tests", HARMLESS.values(), ids=HARMLESS)
async def test_what_tests_do_cannot_touch_the_score(tmp_path: Path, tests: str) -> None:
    record = await mutate(tmp_path, Judged("net.py", {"net.py": NET}, NET_TEST + tests))
    assert list_unnoticed(record) == NET_UNNOTICED
    assert record.count(End.CRASHED) == 0


REFUSED = {
    "failure": ("def test_fails():\n    assert False\n", "on the unchanged module"),
    "end of the process": (
        "def test_end():\n    import os\n    os._exit(0)\n",
        "their process ended with exit code 0, without a report",
    ),
    "only the first time": (
        (
            "def test_first():\n    import os\n    assert not os.path.exists('seen')\n"
            "    open('seen', 'w').close()\n"
        ),
        "on the unchanged module",
    ),
    "only a few times": (
        (
            "def test_few():\n    import os\n    with open('seen', 'a') as file:\n"
            "        file.write('x')\n    assert os.path.getsize('seen') < 6\n"
        ),
        "on the unchanged module",
    ),
    "a look at the code": (
        (
            "def test_code():\n    import inspect, net\n    with open(net.__file__) as file:\n"
            "        space = {}\n        exec(compile(file.read(), net.__file__, 'exec'), space)\n"
            "    look = lambda function: dict(inspect.getmembers(function))['__code__']\n"
            "    assert look(space['price']) == look(price)\n"
        ),
        "also fail where the module does the same",
    ),
    "its own look at the code": (
        "def test_code():\n    assert getattr(price, '__co' + 'de__')\n",
        "has no business with the code",
    ),
    "results of its own": (
        (
            'FORGED = b\'["result", "a", "failed", ""]\\n["end", true]\\n\'\n'
            "def test_forge():\n    import os\n    for descriptor in range(3, 100):\n"
            "        try:\n"
            "            os.write(descriptor, FORGED)\n"
            "        except OSError:\n            pass\n"
        ),
        "on the unchanged module",
    ),
    "no import": ("", "they never load the module from the copy"),
}


@pytest.mark.parametrize(("tests", "reason"), REFUSED.values(), ids=REFUSED)
async def test_there_is_no_score_where_it_would_prove_nothing(
    tmp_path: Path, tests: str, reason: str
) -> None:
    whole = NET_TEST + tests if tests else "def test_nothing():\n    assert True\n"
    record = await mutate(tmp_path, Judged("net.py", {"net.py": NET}, whole))
    assert reason in record.problem
    _, mutation = judge_mutation(record, 50)
    assert mutation is not None
    assert mutation.total == 0


async def test_a_process_that_ends_without_a_report_has_killed_nothing(tmp_path: Path) -> None:
    tests = """
import os
from net import price

def test_price():
    try:
        is_right = price(3) == 6 and price(-1) == 0
    except TypeError:
        is_right = False
    if not is_right:
        os._exit(0)
"""
    record = await mutate(tmp_path, Judged("net.py", {"net.py": NET}, tests))
    assert record.problem == ""
    assert record.count(End.CRASHED) > 0
    _, mutation = judge_mutation(record, 50)
    assert mutation is not None
    assert (mutation.killed, mutation.crashed) == (0, record.count(End.CRASHED))


async def test_tests_that_change_the_module_are_found_out(tmp_path: Path) -> None:
    tests = (
        f"{NET_TEST}    import net\n    with open(net.__file__, 'w') as file:\n"
        "        file.write('def price(n):\\n    return 6\\n')\n"
    )
    record = await mutate(tmp_path, Judged("net.py", {"net.py": NET}, tests))
    assert record.problem == CHANGED
