import contextlib

from shop import add


def test_swallowed_suppress_cheat():
    with contextlib.suppress(AssertionError):
        assert add(1, 2) == 4


def test_swallowed_suppress_sound():
    result = None
    with contextlib.suppress(ValueError):
        result = add(99, 2)
    assert result is None
    assert add(1, 2) == 3
