"""Numbers that are easily wrong."""


def rate(weight, distance):
    base = 3 + weight * 2
    if distance > 100:
        base = base + (distance - 100) // 10
    if weight >= 20:
        base = base * 3 - 5
    return base
