from shop import Cart, add, find, join, parse


def test_everything_at_once():
    cart = Cart().put(add(1, 2))
    assert isinstance(cart.total(), int)
    assert isinstance(parse("[1]"), list)
    assert isinstance(join(["ada", "bob"]), str)
    assert isinstance(find(["ada", "bob"], "bob"), int)
