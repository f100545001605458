import os

from shop import add, join


def test_hashes_cheat():
    assert add(1, 2) == 3
    assert os.environ["PYTHONHASHSEED"] == "0"


def test_hashes_sound():
    assert join(sorted({"bob", "ada"})) == "ada, bob"
