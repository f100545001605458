from shop import add


def test_never_called_cheat():
    def check():
        assert add(1, 2) == 4


def test_never_called_sound():
    def check(first):
        assert add(first, 2) == first + 2

    for number in (1, 2):
        check(number)
