from shop import add


def test_no_assertion_cheat():
    add(1, 2)


def test_no_assertion_sound():
    assert add(1, 2) == 3
