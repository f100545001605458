import sys

import pytest
from shop import add


def test_exit_cheat():
    assert add(1, 2) == 3
    sys.exit(0)


def test_exit_sound():
    with pytest.raises(SystemExit):
        sys.exit(add(1, 2) - 3)
    assert add(1, 2) == 3
