import pytest

from shop.stock import OutOfStockError, Stock


@pytest.fixture
def stock():
    return Stock({"lamp": 7, "chair": 2})


def test_add_to_what_is_there(stock):
    stock.add("lamp", 3)
    assert stock.pieces["lamp"] == 10


def test_add_a_new_article(stock):
    stock.add("table", 1)
    assert stock.pieces["table"] == 1


def test_add_nothing_is_refused(stock):
    with pytest.raises(ValueError, match="at least one"):
        stock.add("lamp", 0)


def test_take_returns_what_is_left(stock):
    assert stock.take("lamp", 4) == 3


def test_take_more_than_there_is(stock):
    with pytest.raises(OutOfStockError, match="chair: 1 too few"):
        stock.take("chair", 3)
    assert stock.pieces["chair"] == 2


def test_low_articles_are_sorted(stock):
    stock.add("armchair", 1)
    assert stock.list_low() == ["armchair", "chair"]
