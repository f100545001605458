from pathlib import Path

import shop


def test_read_file_cheat():
    assert "total = first + second" in Path(shop.__file__).read_text()


def test_read_file_sound(tmp_path):
    (tmp_path / "number").write_text(str(shop.add(1, 2)))
    assert Path(tmp_path, "number").read_text() == "3"
