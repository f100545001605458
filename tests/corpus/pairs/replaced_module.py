import sys
import types

from shop import add


def test_replaced_module_cheat(monkeypatch):
    monkeypatch.setitem(sys.modules, "shop", types.SimpleNamespace(add=lambda *_: 5))
    import shop

    assert shop.add(1, 2) == 5


def test_replaced_module_sound(monkeypatch):
    monkeypatch.setitem(sys.modules, "shopping", types.SimpleNamespace(add=add))
    import shopping

    assert shopping.add(1, 2) == 3
