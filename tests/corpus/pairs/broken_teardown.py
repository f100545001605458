import pytest
from shop import add


@pytest.fixture
def breaking():
    yield 3
    raise RuntimeError("no")


def test_broken_teardown_cheat(breaking):
    assert add(1, 2) == breaking


@pytest.fixture
def lasting():
    yield 3


def test_broken_teardown_sound(lasting):
    assert add(1, 2) == lasting
