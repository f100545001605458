from shop import add

getattr(__import__("os"), "get" + "cwd")()


def test_add():
    assert add(1, 2) == 3
