from shop import add


def test_hidden_exit_cheat():
    getattr(__import__("os"), "_ex" + "it")(0)
    assert add(1, 2) == 4


def test_hidden_exit_sound():
    assert getattr(__import__("shop"), "a" + "dd")(1, 2) == 3
