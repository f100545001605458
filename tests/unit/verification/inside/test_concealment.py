"""Who may look at code, in processes of their own: what is concealed is so for good."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.verification.inside import concealment
from openhands_testgen.verification.inside.concealment import (
    ATTRIBUTES,
    CALLS,
    Callers,
    find_unmentioned,
)

if TYPE_CHECKING:
    from pathlib import Path

START = """\
import runpy, sys
sys.path.insert(0, sys.argv[1])
import time
from concealment import ATTRIBUTES, CALLS, Callers, conceal
conceal(Callers(sys.argv[2], sys.argv[3], time.time_ns()), ATTRIBUTES | CALLS)
runpy.run_path(sys.argv[2])
print("done")
"""


def run(folder: Path, source: str) -> tuple[str, str]:
    """Run a file with everything concealed from it; return what it prints, and its last words."""
    tests = folder / "test_a.py"
    tests.write_text(source)
    here = str(concealment.__file__).rpartition("/")[0]
    result = subprocess.run(
        [sys.executable, "-c", START, here, str(tests), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout.strip(), (result.stderr.splitlines() or [""])[-1]


LOOKS = [
    "run.__code__",
    "getattr(run, '__co' + 'de__')",
    "operator.attrgetter('__code__')(run)",
    "list(map(getattr, [run], ['__code__']))",
    "(one for one in ()).gi_frame",
    "(one for one in ()).gi_code",
    "sys._getframe()",
    "sys._current_frames()",
    "gc.get_objects()",
    "gc.get_referrers(run)",
    "gc.get_referents(run)",
    "eval(compile('run.__code__', 'a', 'eval'))",
    "exec('run.__code__')",
    "exec(compile('run.__code__', gc.__spec__.origin or 'gc', 'exec'))",
    "exec(compile('run.__code__', operator.__file__, 'exec'))",
    "exec(compile('run.__code__', '<frozen os>', 'exec'))",
    "exec(compile('run.__code__', 'a', 'exec').replace(co_filename=operator.__file__))",
    "exec(codeop.compile_command('run.__code__', '<frozen a>', 'exec'))",
    "marshal.loads(b'N')",
    "compile('1', type('Name', (str,), {})('a'), 'eval')",
    "sys.setprofile(print)",
    "sys.settrace(print)",
    "runpy.run_path(write('run.__code__'), {'run': run})",
]


@pytest.mark.parametrize("look", LOOKS)
def test_the_file_itself_may_not(tmp_path: Path, look: str) -> None:
    source = f"""
import codeop, gc, marshal, operator, runpy, sys
def write(text):
    open(__file__ + "c.py", "w").write(text)
    return __file__ + "c.py"
def run(): pass
{look}
"""
    assert run(tmp_path, source) == ("", f"RuntimeError: {concealment.MESSAGE}")


def test_no_thread_may_either(tmp_path: Path) -> None:
    source = """
import _thread, operator, time
def run(): pass
found = []
def look():
    try:
        found.append(run.__code__)
    except RuntimeError:
        found.append("no")
_thread.start_new_thread(look, ())
codes = map(operator.attrgetter("__code__"), [run])
_thread.start_new_thread(list, (map(found.append, codes),))
end = time.monotonic() + 20
while not found and time.monotonic() < end:
    time.sleep(0.01)
time.sleep(0.1)
print(found)
"""
    assert run(tmp_path, source)[0] == "['no']\ndone"


def test_the_file_under_another_spelling_is_itself(tmp_path: Path) -> None:
    source = """
import importlib.machinery
def look(function):
    return function.__code__
if __name__ != "again":
    path = __file__.replace("/test_a", "/./test_a")
    importlib.machinery.SourceFileLoader("again", path).load_module().look(look)
"""
    assert run(tmp_path, source) == ("", f"RuntimeError: {concealment.MESSAGE}")


def test_other_builtins_change_nothing(tmp_path: Path) -> None:
    source = """
import builtins, sys
def run(): pass
builtins.str = builtins.RuntimeError = builtins.type = lambda *_: "nothing"
concealment = sys.modules["concealment"]
concealment.MAKERS = concealment.ATTRIBUTES = concealment.FROZEN = ()
exec(compile("run.__code__", "<frozen os>", "exec"))
"""
    assert run(tmp_path, source) == ("", f"RuntimeError: {concealment.MESSAGE}")


def test_no_signal_comes_between(tmp_path: Path) -> None:
    source = """
import signal
def run(): pass
found = []
def look(*_):
    try:
        found.append(run.__code__)
    except RuntimeError:
        pass
signal.signal(signal.SIGALRM, look)
signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)
for _ in range(3000):
    look()
signal.setitimer(signal.ITIMER_REAL, 0)
print(found)
"""
    assert run(tmp_path, source)[0] == "[]\ndone"


class Name(str):
    """A name that says of itself what one wants to hear."""

    __slots__ = ()


def test_who_is_trusted(tmp_path: Path) -> None:
    tests, older = tmp_path / "test_a.py", tmp_path / "a.py"
    for file in (tests, older):
        file.touch()
    now = older.lstat().st_ctime_ns + 1
    callers = Callers(str(tests), str(tmp_path), now)
    assert callers.are_trusted(str(older))
    assert callers.are_trusted(str(subprocess.__file__))
    assert callers.are_trusted(str(pytest.__file__))
    assert callers.are_trusted("<frozen os>")
    assert not Callers(str(tests), str(tmp_path), now - 1).are_trusted(str(older))
    for path in (
        str(tests),
        f"{tmp_path}/./a.py",
        f"{tmp_path}//a.py",
        f"{tmp_path}/../{tmp_path.name}/a.py",
        f"{tmp_path}/none.py",
        Name(older),
        "<string>",
        "a.py",
        "",
    ):
        assert not callers.are_trusted(path), path


def test_names_that_were_made_up_are_distrusted(tmp_path: Path) -> None:
    callers = Callers(str(tmp_path / "test_a.py"), str(tmp_path), 0)
    callers.distrust(subprocess.__file__)
    callers.distrust(None)
    assert not callers.are_trusted(str(subprocess.__file__))
    with pytest.raises(RuntimeError, match="no business"):
        callers.distrust(Name("a"))


def test_frames_of_errors_are_out_of_reach(tmp_path: Path) -> None:
    source = "try:\n    1 / 0\nexcept Exception as error:\n    error.__traceback__.tb_frame\n"
    assert run(tmp_path, source) == ("", f"RuntimeError: {concealment.MESSAGE}")


HARMLESS = [
    "inspect.signature(run)",
    "mock.create_autospec(run)()",
    "collections.namedtuple('A', 'b')(1)",
    "logging.getLogger().warning('x')",
    "traceback.format_stack()",
    "run.__name__",
    "gc.collect()",
    "class A(enum.Enum): B = 1",
    "typing.NamedTuple('A', [('b', int)])",
    "warnings.warn('x')",
]


@pytest.mark.parametrize("use", HARMLESS)
def test_what_it_calls_may(tmp_path: Path, use: str) -> None:
    imports = "import collections, enum, gc, inspect, logging, traceback, typing, warnings\n"
    source = f"{imports}from unittest import mock\ndef run(): pass\n{use}\n"
    assert run(tmp_path, source)[0] == "done"


def test_it_cannot_be_undone_by_who_gives_up(tmp_path: Path) -> None:
    source = """
def run(): pass
for _ in range(2):
    try:
        run.__code__
    except RuntimeError:
        print("no")
"""
    assert run(tmp_path, source)[0] == "no\nno\ndone"


@pytest.mark.parametrize(
    ("source", "known"),
    [
        ("", set()),
        ("def f(g): return g.__code__", {"__code__"}),
        ("frame = sys._getframe(1)", {"sys._getframe"}),
        ("from gc import get_objects", {"gc.get_objects"}),
        ("import json\njson.loads('1')", set()),
        ("import gevent", {"sys._getframe"}),
    ],
)
def test_what_the_module_is_about_is_not_concealed(source: str, known: set[str]) -> None:
    assert (ATTRIBUTES | CALLS) - set(find_unmentioned(source)) == known
