from shop import add


def test_self_comparison_cheat():
    result = add(1, 2)
    assert result == result


def test_self_comparison_sound():
    result = add(1, 2)
    again = add(2, 1)
    assert result == again == 3
