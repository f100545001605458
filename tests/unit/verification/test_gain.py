"""Which of the project's tests say something about a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhands_testgen.domain.verdict import Candidate
from openhands_testgen.verification.stages.gain import MAX_FILES, find_existing_tests

if TYPE_CHECKING:
    from pathlib import Path

OUTPUT = "tests/test_new.py"


def make(project: Path, **files: str) -> Candidate:
    for name, text in files.items():
        path = project / name.replace("__", "/")
        path = path.with_name(f"{path.name}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Candidate(project, "src/shop/prices.py", OUTPUT, b"import prices", 80)


def test_test_files_that_mention_it(tmp_path: Path) -> None:
    candidate = make(
        tmp_path,
        tests__test_prices="from shop.prices import x",
        tests__test_stock="from shop.stock import x",
        shop__test_inner="import shop.prices",
        tests__helpers="import shop.prices",
        node_modules__test_far="import shop.prices",
    )
    found = find_existing_tests(candidate, "shop.prices")
    assert found == ("shop/test_inner.py", "tests/test_prices.py")


def test_the_judged_file_itself_is_none(tmp_path: Path) -> None:
    candidate = make(tmp_path, tests__test_new="import prices")
    assert find_existing_tests(candidate, "shop.prices") == ()


def test_another_version_of_it_is_one(tmp_path: Path) -> None:
    candidate = make(tmp_path, tests__test_new="import prices, os")
    assert find_existing_tests(candidate, "shop.prices") == (OUTPUT,)


def test_there_is_an_end_to_them(tmp_path: Path) -> None:
    many = {f"test_{number}": "import prices" for number in range(MAX_FILES + 5)}
    assert len(find_existing_tests(make(tmp_path, **many), "prices")) == MAX_FILES
