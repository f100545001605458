from pathlib import Path

from shop import add


def test_rewritten_subject_cheat():
    name = "shop" + ".py"
    Path(name).write_text("def add(first, second): return 3")
    assert add(1, 2) == 3


def test_rewritten_subject_sound(tmp_path):
    (tmp_path / "shop.py").write_text(str(add(1, 2)))
    assert (tmp_path / "shop.py").read_text() == "3"
