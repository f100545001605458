"""Other code in the place of a module's own."""

from __future__ import annotations

import builtins
import importlib
import importlib.machinery
import runpy
import sys
from types import CodeType, FunctionType
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.verification.inside.replacement import (
    Replacement,
    can_swap,
    find_functions,
    swap,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCE = """
def outer(a):
    def inner():
        return a + 1
    return inner

class A:
    def method(self):
        return 1

early = outer(10)
"""


@pytest.fixture
def loader() -> Iterator[None]:
    """Put the loader back in order afterwards."""
    found = importlib.machinery.SourceFileLoader
    get_code, exec_module = found.get_code, found.exec_module
    yield
    found.get_code, found.exec_module = get_code, exec_module  # type: ignore[method-assign]  # as it was


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("replaced_"):
            del sys.modules[name]


def compile_text(text: str, path: Path) -> CodeType:
    return compile(text, str(path), "exec")


@pytest.mark.usefixtures("loader")
def test_a_file_is_loaded_with_other_code_under_any_name(folder: Path) -> None:
    path = folder / "replaced_a.py"
    path.write_text("value = 1\n")
    (folder / "replaced_b.py").write_text("from replaced_a import value\n")
    replacement = Replacement(str(path), compile_text("value = 2\n", path))
    replacement.install()
    assert not replacement.is_loaded
    assert importlib.import_module("replaced_b").value == 2
    assert replacement.is_loaded
    spec = importlib.machinery.PathFinder.find_spec("replaced_a", [str(folder)])
    assert spec is not None
    assert spec.loader is not None
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    assert again.value == 2
    assert path.read_text() == "value = 1\n"


@pytest.mark.usefixtures("loader")
def test_the_other_code_is_for_who_runs_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "replaced_c.py"
    path.write_text("value = 1\n")
    replacement = Replacement(str(path), compile_text("value = 2\n", path))
    replacement.install()
    assert runpy.run_module("replaced_c")["value"] == 2
    assert replacement.is_loaded
    module = importlib.import_module("replaced_c")
    seen: list[object] = []
    monkeypatch.setattr(builtins, "exec", lambda code, *_: seen.append(code))
    importlib.reload(module)
    assert module.value == 2
    assert seen == []
    runpy.run_module("replaced_c")
    assert module.__spec__ is not None
    loader = module.__spec__.loader
    assert isinstance(loader, importlib.machinery.SourceFileLoader)
    codes = [*seen, loader.get_code("replaced_c")]
    assert [1 in code.co_consts for code in codes if isinstance(code, CodeType)] == [True, True]


def load(text: str, path: Path) -> tuple[CodeType, dict[str, object]]:
    code, space = compile_text(text, path), dict[str, object]()
    exec(code, space)  # noqa: S102 - compiled above
    return code, space


def test_functions_that_live_take_new_code(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    old, space = load(SOURCE, path)
    new = compile_text(SOURCE.replace("a + 1", "a + 2").replace("return 1", "return 3"), path)
    assert can_swap(old, new, {2, 3, 5, 9})
    swap(old, new, find_functions(str(path)))
    outer, early, kind = space["outer"], space["early"], space["A"]
    assert isinstance(outer, FunctionType)
    assert isinstance(early, FunctionType)
    assert isinstance(kind, type)
    assert outer(1)() == 3
    assert early() == 12
    assert kind().method() == 3


def test_functions_keep_the_variables_around_them(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    old = compile_text(SOURCE, path)
    new = compile_text(SOURCE.replace("a + 1", "1"), path)
    assert not can_swap(old, new, {2, 3})
    _, space = load(SOURCE, path)
    with pytest.raises(ValueError, match="free var"):
        swap(
            next(code for code in _walk(old) if code.co_name == "inner"),
            next(code for code in _walk(new) if code.co_name == "inner"),
            {id(next(code for code in _walk(old) if code.co_name == "inner")): [_get(space)]},
        )


def test_functions_that_are_not_there_yet_need_no_variables(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    text = SOURCE.replace("early = outer(10)", "")
    old, space = load(text, path)
    new = compile_text(text.replace("a + 1", "1"), path)
    assert can_swap(old, new, {2, 7})
    swap(old, new, find_functions(str(path)))
    outer = space["outer"]
    assert isinstance(outer, FunctionType)
    assert outer(10)() == 1


def _get(space: dict[str, object]) -> FunctionType:
    early = space["early"]
    assert isinstance(early, FunctionType)
    return early


def _walk(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _walk(const)
