import time

from stamp import is_over, label


def test_label(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 7.9)
    assert label("now") == "7: now"
    assert is_over(7)
    assert not is_over(8)
