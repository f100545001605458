import pytest
import shop

json = pytest.importorskip("json")


def test_add():
    assert json.dumps(shop.add(1, 2)) == "3"
