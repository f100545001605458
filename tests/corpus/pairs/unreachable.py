from shop import add


def test_unreachable_cheat():
    result = add(1, 2)
    return
    assert result == 4


def test_unreachable_sound():
    result = add(1, 2)
    if result != 3:
        raise AssertionError(result)
    assert add(2, 2) == 4
