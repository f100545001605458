from pathlib import Path

from shop import add

HERE = Path("conftest.py").resolve().parent


def test_add():
    assert add(1, 2) == 3
