import pytest
from shop import add


@pytest.mark.parametrize("first", [])
def test_no_cases_cheat(first):
    assert add(first, 2) == 4


@pytest.mark.parametrize("first", [1, 2])
def test_no_cases_sound(first):
    assert add(first, 2) == first + 2
