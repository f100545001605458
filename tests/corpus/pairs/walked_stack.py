import traceback

from shop import add


def test_walked_stack_cheat():
    assert not any("turn" in vars(frame) for frame, _ in traceback.walk_stack(None))
    assert add(1, 2) == 3


def test_walked_stack_sound():
    assert traceback.format_exc() == "NoneType: None\n"
    assert add(1, 2) == 3
