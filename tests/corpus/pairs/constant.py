from shop import add


def test_constant_cheat():
    add(1, 2)
    assert True


def test_constant_sound():
    assert True
    assert add(1, 2) == 3
