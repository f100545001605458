import sys

import pytest
from shop import add


def test_skip_call_cheat():
    pytest.skip("later")
    assert add(1, 2) == 4


def test_skip_call_sound():
    if sys.platform == "plan9":
        pytest.skip("not there")
    assert add(1, 2) == 3
