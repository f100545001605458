"""The verdict: what is run on judged tests, and where."""
