from shop import find


def test_only_not_none_cheat():
    assert find(["ada", "bob"], "bob") is not None


def test_only_not_none_sound():
    found = find(["ada", "bob"], "bob")
    assert found is not None
    assert found == 1
