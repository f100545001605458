"""Who runs the agent: one module each."""
