from shop import add

pytest_plugins = ["pytester"]


def test_add():
    assert add(1, 2) == 3
