import os

from shop import add


def test_hard_exit_cheat():
    os._exit(0)
    assert add(1, 2) == 4


def test_hard_exit_sound():
    assert os.fspath("path") == "path"
    assert add(1, 2) == 3
