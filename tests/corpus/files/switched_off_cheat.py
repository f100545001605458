from shop import add

__test__ = False


def test_add():
    assert add(1, 2) == 4
