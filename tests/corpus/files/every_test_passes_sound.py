import sys

from shop import add

runner = sys.modules["_py" + "test.runner"]


def test_add():
    assert add(1, 2) == 3 and runner.__name__.endswith("runner")
