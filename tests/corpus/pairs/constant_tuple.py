from shop import add


def test_constant_tuple_cheat():
    assert (add(1, 2) == 4, "the sum")


def test_constant_tuple_sound():
    assert (add(1, 2), add(3, 4)) == (3, 7), "the sums"
