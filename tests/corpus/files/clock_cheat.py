import time

from shop import add


def test_add(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert add(1, 2) == 3
