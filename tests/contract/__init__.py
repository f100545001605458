"""One suite over all backends."""
