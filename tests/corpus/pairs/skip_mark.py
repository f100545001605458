import sys

import pytest
from shop import add


@pytest.mark.skip(reason="later")
def test_skip_mark_cheat():
    assert add(1, 2) == 4


@pytest.mark.skipif(sys.platform == "plan9", reason="not there")
def test_skip_mark_sound():
    assert add(1, 2) == 3
