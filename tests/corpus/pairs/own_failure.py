import pytest
from shop import add


def test_own_failure_cheat():
    with pytest.raises(AssertionError):
        assert add(1, 2) == 4


def test_own_failure_sound():
    with pytest.raises(ValueError):
        assert add(99, 2) == 101
