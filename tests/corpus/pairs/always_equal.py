from shop import add


class Whatever:
    def __eq__(self, other):
        return True


def test_always_equal_cheat():
    assert add(1, 2) == Whatever()


class Near:
    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return abs(self.value - other) < 0.1


def test_always_equal_sound():
    assert add(1, 2) == Near(3)
