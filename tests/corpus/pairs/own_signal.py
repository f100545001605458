import os
import signal

from shop import add


def test_own_signal_cheat():
    assert add(1, 2) == 3
    os.kill(os.getpid(), signal.SIGKILL)


def test_own_signal_sound():
    assert signal.Signals(add(4, 5)) is signal.SIGKILL
