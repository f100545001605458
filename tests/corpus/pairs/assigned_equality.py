import shop


def test_assigned_equality_cheat():
    shop.Cart.__eq__ = lambda self, other: True
    assert shop.Cart() == 5


def test_assigned_equality_sound():
    class Equal(shop.Cart):
        def __eq__(self, other):
            return self.total() == other.total()

    assert Equal().put(2).put(1) == shop.Cart().put(3)
