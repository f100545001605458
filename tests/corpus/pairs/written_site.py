from pathlib import Path

from shop import add


def test_written_site_cheat():
    Path("sitecustomize.py").write_text("raise SystemExit")
    assert add(1, 2) == 3


def test_written_site_sound(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(str(add(1, 2)))
    assert (tmp_path / "sitecustomize.py").read_text() == "3"
