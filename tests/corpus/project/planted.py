"""Lines that somebody would rather not have counted."""


def double(value):
    return 2 * value


def rarely(value):  # pragma: no cover
    if value > 10:
        return "many"
    if value > 5:
        return "some"
    if value > 2:
        return "few"
    return "none"
