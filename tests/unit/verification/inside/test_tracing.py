"""Lines by test, in both ways to learn of them."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.verification.inside.tracing import (
    BEFORE_TESTS,
    LineEvents,
    LineTracer,
    TraceFunctions,
    choose_tracing,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from openhands_testgen.verification.inside.tracing import Tracing

SOURCE = """\
def count(number):
    for one in range(number):
        if one % 2:
            yield one
    return


def sum_up(number):
    try:
        return sum(count(number))
    finally:
        number = 0


sum_up(1)
"""


@pytest.fixture(autouse=True)
def _tracing_of_others() -> Iterator[None]:
    before = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(before)


def compile_at(path: Path) -> Callable[[], Callable[[int], int]]:
    code = compile(SOURCE, str(path), "exec")

    def run() -> Callable[[int], int]:
        space: dict[str, object] = {}
        exec(code, space)  # noqa: S102 - compiled above
        function = space["sum_up"]
        assert callable(function)
        return function

    return run


def test_lines_are_counted_for_the_running_test(tmp_path: Path) -> None:
    run = compile_at(tmp_path / "a.py")
    tracer = LineTracer(str(tmp_path / "a.py"))
    tracer.start()
    function = run()
    for name, number in (("test_one", 1), ("test_two", 2), ("test_again", 1)):
        tracer.enter(name)
        function(number)
    tracer.stop()
    function(9)
    assert tracer.lines == {
        BEFORE_TESTS: {1, 2, 3, 5, 8, 9, 10, 12, 15},
        "test_one": {2, 3, 5, 9, 10, 12},
        "test_two": {2, 3, 4, 5, 9, 10, 12},
        "test_again": {2, 3, 5, 9, 10, 12},
    }


@pytest.mark.parametrize("kind", [LineEvents, TraceFunctions])
def test_threads_count_and_other_files_do_not(
    tmp_path: Path, kind: Callable[[str, Callable[[int], None]], Tracing]
) -> None:
    if kind is LineEvents and sys.version_info < (3, 12):
        pytest.skip("there is no sys.monitoring")
    other, own = compile_at(tmp_path / "b.py")(), compile_at(tmp_path / "a.py")()
    seen: list[int] = []
    tracing = kind(str(tmp_path / "a.py"), seen.append)
    tracing.start()
    other(3)
    assert seen == []
    thread = threading.Thread(target=own, args=(3,))
    thread.start()
    thread.join()
    tracing.stop()
    assert set(seen) == {2, 3, 4, 5, 9, 10, 12}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there is no sys.monitoring")
def test_a_tool_that_others_use_is_left_alone(tmp_path: Path) -> None:
    first, second = (choose_tracing(str(tmp_path / "a.py"), list[int]().append) for _ in range(2))
    tools = [tool for tool in range(6) if sys.monitoring.get_tool(tool)]
    first.start()
    second.start()
    used = [tool for tool in range(6) if sys.monitoring.get_tool(tool)]
    assert len(used) == len(tools) + 2
    first.stop()
    second.stop()
    assert [tool for tool in range(6) if sys.monitoring.get_tool(tool)] == tools
