import pytest
from shop import add


@pytest.mark.parametrize("first", [99])
def test_failing_case_cheat(first):
    assert add(first, 2) == 101


@pytest.mark.parametrize("first", [97, 98])
def test_failing_case_sound(first):
    assert add(first, 2) == first + 2
