import pytest

from rates import rate


@pytest.mark.parametrize(("weight", "distance"), [(1, 10), (20, 200)])
def test_rate(weight, distance):
    assert isinstance(rate(weight, distance), int)
