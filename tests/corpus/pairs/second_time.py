from pathlib import Path

from shop import add


def test_second_time_cheat():
    assert not Path("seen.txt").exists()
    Path("seen.txt").write_text(str(add(1, 2)))
    assert Path("seen.txt").read_text() == "3"


def test_second_time_sound():
    Path("again.txt").write_text(str(add(1, 2)))
    assert Path("again.txt").read_text() == "3"
