import pytest
from planted import double, rarely


def test_double():
    assert double(2) == 4


@pytest.mark.parametrize(("value", "word"), [(11, "many"), (6, "some"), (3, "few"), (2, "none")])
def test_rarely(value, word):
    assert rarely(value) == word
