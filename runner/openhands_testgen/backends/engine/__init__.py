"""The embedded engine: owns an agent server on this machine and the tasks it is given."""
