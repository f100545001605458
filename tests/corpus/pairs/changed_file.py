from pathlib import Path

from shop import add


def test_changed_file_cheat():
    Path(__file__).with_name("data.txt").write_text(str(add(1, 2)))
    assert add(1, 2) == 3


def test_changed_file_sound():
    Path("new.txt").write_text(str(add(1, 2)))
    assert Path("new.txt").read_text() == "3"
