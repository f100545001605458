import pytest

shop = pytest.importorskip("shop")


def test_add():
    assert shop.add(1, 2) == 3
