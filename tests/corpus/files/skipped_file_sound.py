import pytest
from shop import add

pytestmark = pytest.mark.filterwarnings("error")


def test_add():
    assert add(1, 2) == 3
