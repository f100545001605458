"""Tests that make pytest import all that real ones may need."""

from __future__ import annotations

import unittest

import pytest


@pytest.mark.parametrize("value", [1, 2])
def test_fails_for_one(value: int) -> None:
    """Pass and fail."""
    assert value == 1  # noqa: S101 - a test


def test_uses_fixtures(
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pass."""
    monkeypatch.setenv("REHEARSAL", "1")
    assert not caplog.records  # noqa: S101 - a test
    assert not capsys.readouterr().out  # noqa: S101 - a test


def test_raises() -> None:
    """Pass."""
    with pytest.raises(ValueError, match="literal"):
        int("x")


class Plain(unittest.TestCase):
    """As the standard library writes tests."""

    def test_passes(self) -> None:
        """Pass."""
        self.assertTrue(expr=True)  # noqa: PT009 - pytest runs such tests too
