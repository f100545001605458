from shop import add


def test_failing_cheat():
    assert add(1, 2) == 4


def test_failing_sound():
    assert add(1, 2) == 3
