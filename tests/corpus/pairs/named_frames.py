from shop import add


def test_named_frames_cheat():
    try:
        raise KeyError("here")
    except KeyError as error:
        frame = getattr(error.__traceback__, "tb_frame")
    assert frame is not None
    assert add(1, 2) == 3


def test_named_frames_sound():
    assert getattr(add, "__name__") == "add"
    assert add(1, 2) == 3
