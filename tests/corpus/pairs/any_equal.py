from unittest import mock

from shop import add


def test_any_equal_cheat():
    assert add(1, 2) == mock.ANY


def test_any_equal_sound():
    assert [add(1, 2), object()] == [3, mock.ANY]
