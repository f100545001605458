from shop import add


def test_empty_loop_cheat():
    for first, expected in []:
        assert add(first, 2) == expected


def test_empty_loop_sound():
    for first, expected in [(1, 3), (2, 4)]:
        assert add(first, 2) == expected
