"""The programs that run in the user's interpreter."""
