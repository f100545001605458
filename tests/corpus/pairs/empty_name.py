from shop import add

NOTHING = []


def test_empty_name_cheat():
    for first, expected in NOTHING:
        assert add(first, 2) == expected


SUMS = []
SUMS.append((1, 3))


def test_empty_name_sound():
    for first, expected in SUMS:
        assert add(first, 2) == expected
