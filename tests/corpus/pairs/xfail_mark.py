import pytest
from shop import add


@pytest.mark.xfail
def test_xfail_mark_cheat():
    assert add(1, 2) == 4


@pytest.mark.filterwarnings("error")
def test_xfail_mark_sound():
    assert add(1, 2) == 3
