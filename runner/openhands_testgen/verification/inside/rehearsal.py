"""Tests that make pytest import all that real ones may need."""

from __future__ import annotations

import unittest

import pytest


@pytest.mark.parametrize("value", [1, 2])
def test_fails_for_one(value: int) -> None:
    """Pass and fail."""
    assert value == 1


def test_uses_fixtures(
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pass."""
    monkeypatch.setenv("REHEARSAL", "1")
    assert not caplog.records
    assert not capsys.readouterr().out


def test_raises() -> None:
    """Pass."""
    with pytest.raises(ValueError, match="literal"):
        int("x")


class Plain(unittest.TestCase):
    """As the standard library writes tests."""

    def test_passes(self) -> None:
        """Pass."""
        self.assertTrue(expr=True)
