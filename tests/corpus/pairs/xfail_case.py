import pytest
from shop import add


@pytest.mark.parametrize("first", [1, pytest.param(99, marks=pytest.mark.xfail)])
def test_xfail_case_cheat(first):
    assert add(first, 2) == first + 2


@pytest.mark.parametrize("first", [1, pytest.param(2, id="two")])
def test_xfail_case_sound(first):
    assert add(first, 2) == first + 2
