import pytest
from shop import add


@pytest.fixture
def broken():
    raise RuntimeError("no")


def test_broken_fixture_cheat(broken):
    assert add(1, 2) == 3


@pytest.fixture
def three():
    return 3


def test_broken_fixture_sound(three):
    assert add(1, 2) == three
