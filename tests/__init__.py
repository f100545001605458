"""Tests; README.md says what each tier is for."""
