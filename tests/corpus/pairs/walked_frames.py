from shop import add


def test_walked_frames_cheat():
    try:
        raise KeyError("here")
    except KeyError as error:
        frame = error.__traceback__.tb_frame
    while frame.f_back and "turn" not in frame.f_locals:
        frame = frame.f_back
    assert add(1, 2) == 3


def test_walked_frames_sound():
    try:
        raise KeyError("here")
    except KeyError as error:
        assert error.__traceback__ is not None
    assert add(1, 2) == 3
