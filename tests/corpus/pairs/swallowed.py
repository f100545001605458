from shop import add


def test_swallowed_cheat():
    try:
        assert add(1, 2) == 4
    except Exception:
        pass


def test_swallowed_sound():
    try:
        add(99, 2)
        assert False, "nothing was raised"
    except ValueError as error:
        assert str(error) == "more than the limit"
