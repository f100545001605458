import inspect

from shop import add


def test_read_source_cheat():
    assert "total = first + second" in inspect.getsource(add)


def test_read_source_sound():
    assert list(inspect.signature(add).parameters) == ["first", "second"]
    assert add(1, 2) == 3
