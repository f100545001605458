from shop import add

__test__ = True


def test_add():
    assert add(1, 2) == 3
