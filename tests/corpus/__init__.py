"""Tests that cheat, each beside a sound twin; `table.py` says what is wrong with each."""
