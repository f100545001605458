from shop import add


def test_shadowed():
    assert add(1, 2) == 4


def test_shadowed():
    assert add(1, 2) == 3
