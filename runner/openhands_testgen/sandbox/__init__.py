"""Where foreign code runs: the user's interpreter, on a copy, confined."""
