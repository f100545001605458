"""What a judged process says of its turn, true or not, and how it travels."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.verification.inside.account import MAX_NAME, MAX_TEXT, Account
from openhands_testgen.verification.inside.channel import Channel, ClosedError, open_pair
from openhands_testgen.verification.inside.mutation import order
from openhands_testgen.verification.inside.turn import Teller
from openhands_testgen.verification.inside.warmth import find_imports

if TYPE_CHECKING:
    from pathlib import Path


def read(*events: object) -> Account:
    account = Account()
    account.read_events(b"\n".join(json.dumps(event).encode() for event in events))
    return account


PASSED = ["result", "a", "passed", ""]
END = ["end", True]


def test_a_whole_turn() -> None:
    account = read(["start", "a"], PASSED, ["lines", "a", 1, 2], END)
    assert account.results == {"a": ["passed", ""]}
    assert account.lines == {"a": [1, 2]}
    assert (account.running, account.is_done, account.is_sound) == ("", True, True)


@pytest.mark.parametrize(
    ("events", "is_sound"),
    [
        ([PASSED, END], True),
        ([PASSED, ["result", "b", "skipped", ""], END], True),
        ([PASSED], False),
        ([END], False),
        ([PASSED, ["end", False]], False),
        ([["result", "a", "skipped", ""], END], False),
        ([PASSED, ["result", "b", "failed", "no"], END], False),
        ([PASSED, ["result", "b", "made up", "no"], END], False),
    ],
)
def test_only_a_whole_turn_without_failures_is_sound(
    events: list[list[object]], *, is_sound: bool
) -> None:
    assert read(*events).is_sound is is_sound


def test_the_test_that_ended_its_process_is_known() -> None:
    account = read(["start", "a"], PASSED, ["start", "b"])
    assert account.running == "b"
    assert not account.is_done


def test_what_is_no_event_is_passed_over() -> None:
    content = (
        b'{"a": 1}\n[]\n[1, 2]\n["result"]\n["result", "a", ["b"], "c"]\nnonsense\n\xff\n["end"'
    )
    account = Account()
    account.read_events(content + b"[" * 100_000)
    assert account == Account()


def test_what_a_turn_took_and_loaded() -> None:
    account = read(
        ["took", "a", 30], ["took", "b"], ["took"], ["took", "c", "d"], ["loaded", "/a.py", 1]
    )
    assert account.took == {"a": 30, "b": 0, "c": 0}
    assert account.loaded == ["/a.py"]


@pytest.mark.parametrize(
    ("took", "expected"),
    [
        ({}, "abc"),
        ({"a": 9, "b": 2, "c": 0}, "cba"),
        ({"a": 3, "b": 2, "c": 2}, "abc"),
        ({"a": 4, "b": 3, "c": 7}, "bac"),
        ({"b": 1}, "acb"),
    ],
)
def test_quick_tests_come_first(took: dict[str, int], expected: str) -> None:
    assert order("abc", took) == tuple(expected)


def test_texts_are_bounded() -> None:
    account = read(["result", "a" * 9_000, "failed", "b" * 9_000])
    ((name, (_, message)),) = account.results.items()
    assert (len(name), len(message)) == (MAX_NAME, MAX_TEXT)
    assert account.summarize()["failed"] == [name[:MAX_TEXT]]


def test_a_message_arrives_with_its_descriptor() -> None:
    ours, theirs = (Channel(end) for end in open_pair())
    reading, writing = os.pipe()
    ours.send(b"x" * 30_000, [writing])
    os.close(writing)
    message, (descriptor,) = theirs.receive()
    Teller(descriptor, is_patient=False)("end", True)
    os.close(descriptor)
    assert (len(message), os.read(reading, 100)) == (30_000, b'["end", true]\n')
    os.close(reading)
    for channel in (ours, theirs):
        channel.close()


@pytest.mark.parametrize("sent", [b"", b"\0\0", b"\0\0\0\x05abc", b"\xff\xff\xff\xff"])
def test_what_is_no_message_closes_the_channel(sent: bytes) -> None:
    ours, theirs = open_pair()
    with ours, theirs:
        ours.sendall(sent)
        ours.shutdown(socket.SHUT_WR)
        with pytest.raises(ClosedError):
            Channel(theirs).receive()


def test_a_silent_side_is_not_waited_for() -> None:
    ours, theirs = open_pair()
    with ours, theirs, pytest.raises(ClosedError):
        Channel(theirs).receive(0.01)


def test_a_side_that_has_gone_cannot_be_told_anything() -> None:
    ours, theirs = open_pair()
    theirs.close()
    with ours, pytest.raises(ClosedError):
        Channel(ours).send(b"x")


def test_imports_by_absolute_names_are_found_in_sources(tmp_path: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("import a.b, c\nfrom d import e\nfrom . import f\nfrom .g import h\n")
    broken = tmp_path / "b.py"
    broken.write_text("import (")
    found = find_imports([str(source), str(broken), str(tmp_path / "none.py")])
    assert list(found) == ["a.b", "c", "d"]


def test_who_is_patient_tells_all_at_once() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    tell = Teller(writing, is_patient=True)
    tell("start", "a")
    with pytest.raises(BlockingIOError):
        os.read(reading, 100)
    tell("end", True)
    tell.flush()
    assert os.read(reading, 100) == b'["start", "a"]\n["end", true]\n'
    os.close(reading)
    os.close(writing)
