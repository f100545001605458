import pytest

from rates import rate


@pytest.mark.parametrize(
    ("weight", "distance", "expected"),
    [(1, 10, 5), (1, 100, 5), (1, 110, 6), (19, 100, 41), (20, 100, 124), (20, 200, 154)],
)
def test_rate(weight, distance, expected):
    assert rate(weight, distance) == expected
