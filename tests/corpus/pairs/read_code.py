from shop import add


def test_read_code_cheat():
    assert len(add.__code__.co_code) > 10


def test_read_code_sound():
    assert add.__name__ == "add"
    assert add(1, 2) == 3
