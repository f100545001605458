from unittest import mock

from shop import add


def test_only_mocks_cheat():
    stand_in = mock.Mock(spec=add, return_value=3)
    assert stand_in(1, 2) == 3


def test_only_mocks_sound():
    observer = mock.Mock(side_effect=add)
    assert observer(1, 2) == 3
