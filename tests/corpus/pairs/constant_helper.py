from shop import add


def check_nothing(value):
    assert value or True


def test_constant_helper_cheat():
    check_nothing(add(1, 2))


def check_sum(value):
    assert value == 3


def test_constant_helper_sound():
    check_sum(add(1, 2))
