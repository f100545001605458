from pathlib import Path

from shop import add


def test_written_path_file_cheat():
    Path("extra.pth").write_text("import os")
    assert add(1, 2) == 3


def test_written_path_file_sound(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("extra.pth").write_text(str(add(1, 2)))
    assert Path("extra.pth").read_text() == "3"
