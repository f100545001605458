import sys

import pytest
from shop import add


def test_skipped_here_cheat():
    if sys.version_info >= (3,):
        pytest.skip("only on Python 2")
    assert add(1, 2) == 4


def test_skipped_here_sound():
    assert add(1, 2) == 3
