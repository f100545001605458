"""Renderers turn a report into text; sinks bring it to its place."""
