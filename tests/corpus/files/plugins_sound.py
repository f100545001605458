from shop import add

plugins = ["pytester"]


def test_add():
    assert add(1, len(plugins)) == 2
