"""The real agent server and real act."""
