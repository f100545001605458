import time

from shop import add


def test_patched_clock_cheat(monkeypatch):
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    assert add(1, 2) == 3


def test_patched_clock_sound():
    began = time.perf_counter()
    assert add(1, 2) == 3
    assert time.perf_counter() >= began
