from shop import add


def test_swallowed_finally_cheat():
    try:
        assert add(1, 2) == 4
    finally:
        return


def test_swallowed_finally_sound():
    done = []
    try:
        assert add(1, 2) == 3
    finally:
        done.append(1)
