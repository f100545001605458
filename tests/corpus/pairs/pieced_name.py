from shop import add


def test_pieced_name_cheat():
    code = getattr(add, "__co" + "de__")
    assert len(getattr(code, "co_" + "code")) > 10
    assert add(1, 2) == 3


def test_pieced_name_sound():
    assert getattr(add, "__na" + "me__") == "add"
    assert add(1, 2) == 3
