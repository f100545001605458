from shop import add


def test_returned_comparison_cheat():
    return add(1, 2) == 3


def test_returned_comparison_sound():
    result = add(1, 2) == 3
    assert result is True
