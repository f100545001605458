from shop import add

with open("data" + ".txt") as file:
    DATA = file.read()


def test_add():
    assert add(len(DATA), 2) == 25
