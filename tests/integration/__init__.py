"""Whole use cases."""
