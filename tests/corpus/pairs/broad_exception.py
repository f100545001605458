import pytest
from shop import add


def test_broad_exception_cheat():
    with pytest.raises(Exception):
        add(99)


def test_broad_exception_sound():
    with pytest.raises(Exception, match="more than the limit"):
        add(99, 2)
