import pytest
from shop import Cart, add, find, join, parse


def test_add():
    assert add(1, 2) == 3
    assert add(50, 50) == 100
    with pytest.raises(ValueError, match="more than the limit"):
        add(50, 51)


def test_cart():
    assert Cart().put(2).put(3).total() == 5


def test_parse():
    assert parse("[1]") == [1]
    with pytest.raises(ValueError, match="there is no text"):
        parse("")


def test_find_and_join():
    assert find(["ada", "bob"], "bob") == 1
    assert find([], "bob") is None
    assert join(["ada", "bob"]) == "ada, bob"
    assert join([]) == "nobody"
