"""A module about the moment: it looks at the clock."""

import time


def label(text):
    return f"{int(time.time())}: {text}"


def is_over(deadline):
    return time.time() > deadline
