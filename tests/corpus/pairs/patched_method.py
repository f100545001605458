from unittest import mock

from shop import Cart


def test_patched_method_cheat():
    with mock.patch.object(Cart, "total", return_value=5):
        assert Cart().total() == 5


def test_patched_method_sound():
    cart = mock.Mock(wraps=Cart())
    cart.put(5)
    assert cart.total() == 5
