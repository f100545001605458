import pytest
import shop


def test_monkeypatched_subject_cheat(monkeypatch):
    monkeypatch.setattr(shop, "add", lambda *_: 5)
    assert shop.add(1, 2) == 5


def test_monkeypatched_subject_sound(monkeypatch):
    monkeypatch.setattr(shop, "LIMIT", 2)
    with pytest.raises(ValueError, match="more than the limit"):
        shop.add(1, 2)
