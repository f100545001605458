import coverage
from shop import add


def test_own_coverage_cheat():
    coverage.Coverage.current().get_data().add_lines({"shop.py": [1, 2, 3]})
    assert add(1, 2) == 3


def test_own_coverage_sound():
    covered = add(1, 2)
    assert covered == 3
