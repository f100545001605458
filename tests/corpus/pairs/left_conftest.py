from pathlib import Path

from shop import add


def test_left_conftest_cheat():
    Path("conf" + "test.py").write_text("def pytest_runtest_makereport(item, call): ...")
    assert add(1, 2) == 3


def test_left_conftest_sound():
    Path("conf" + "ig.txt").write_text("for the tests")
    assert add(1, 2) == 3
