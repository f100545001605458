import pytest
from shop import add


def test_skip_subject_cheat():
    shop = pytest.importorskip("shop")
    assert shop.add(1, 2) == 3


def test_skip_subject_sound():
    json = pytest.importorskip("json")
    assert json.dumps(add(1, 2)) == "3"
