"""The stages of the verdict."""
