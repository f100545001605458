"""Measurements: ratios in one run, medians of several; each prints a table and writes JSON."""
