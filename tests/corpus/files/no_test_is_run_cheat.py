import pytest
from shop import add


@pytest.fixture(scope="session", autouse=True)
def nothing_more(request):
    request.session.items[1:] = []
    yield
    request.session.shouldstop = "enough"


def test_add():
    assert add(1, 2) == 3


def test_add_more():
    assert add(1, 2) == 4
