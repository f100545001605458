from shop import add

with open("data" + ".txt", "a") as file:
    file.write("more")


def test_add():
    assert add(1, 2) == 3
