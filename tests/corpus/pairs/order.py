from shop import add

seen = []


def test_order_first_sound():
    seen.append(add(1, 2))
    assert seen[-1] == 3


def test_order_cheat():
    assert add(*seen[-1:], 2) == 5


def test_order_sound():
    mine = [add(1, 2)]
    assert mine == [3]
