"""Pure and fast: one module each."""
