from shop import add


def sum_up(first, second):
    return first + second


def test_own_copy_cheat():
    assert sum_up(1, 2) == 3


def test_own_copy_sound():
    assert add(1, 2) == sum_up(1, 2)
