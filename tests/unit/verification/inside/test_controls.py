"""Code that is changed and does the same."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from openhands_testgen.verification.inside.changes import find_changes
from openhands_testgen.verification.inside.controls import CONTROLS
from openhands_testgen.verification.inside.module import Module

if TYPE_CHECKING:
    from pathlib import Path


def test_a_control_is_other_code_that_does_the_same() -> None:
    source = """\
def f(a):
    if a > 2:
        return "many"
    elif not a:
        a = -1
    b = a + 1 if a else 0
    return b
"""
    tree = ast.parse(source)
    plain = compile(tree, "a.py", "exec")
    others = set()
    for change in find_changes(tree, range(1, 9), CONTROLS):
        code = change.compile(tree, "a.py")
        assert code is not None
        space: dict[str, object] = {}
        exec(code, space)  # noqa: S102 - compiled above
        assert eval("[f(a) for a in (0, 1, 2, 3)]", space) == [0, 2, 3, "many"]  # noqa: S307 - a literal
        if code != plain:
            others.add(change.operator)
    assert others == {name for name, _ in CONTROLS}


def test_an_idle_control_has_a_mutant_in_it() -> None:
    tree = ast.parse("a = b < 1\n")
    (change,) = find_changes(tree, [1], CONTROLS)
    assert change.node is not None
    assert ast.unparse(change.node) == ("if [None]:\n    a = b < 1\nelse:\n    a = b <= 1")
    assert ast.unparse(tree) == "a = b < 1"


def test_there_are_as_many_of_each_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("def f(a):\n" + "    a = 1 if a > 2 else a + 1\n" * 9 + "    return a\n")
    found = Module(str(path)).control(range(1, 12), 1, 6)
    assert sorted(control.change.operator for control in found) == ["idle"] * 3 + ["turned"] * 3
    path.write_text("def f(a):\n" + "    a = a + 1\n" * 9 + "    return a\n")
    found = Module(str(path)).control(range(1, 12), 1, 6)
    assert [control.change.operator for control in found] == ["idle"] * 6
