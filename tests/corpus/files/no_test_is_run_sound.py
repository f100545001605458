import pytest
from shop import add


@pytest.fixture(scope="session", autouse=True)
def count(request):
    return len(request.session.items)


def test_add(count):
    assert add(1, 2) == 3


def test_add_more():
    assert add(2, 2) == 4
