"""Static rules: what a test must not be, told by reading it. Each is pure and knows one thing.

False alarms cost more than misses: what slips through here meets the later stages.
"""
