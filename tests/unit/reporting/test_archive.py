"""Archives from outside: damaged, encrypted, huge, or full of archives."""

from __future__ import annotations

import io
import zipfile

import pytest

from openhands_testgen.reporting.archive import Allowance, ArchiveError, change_members
from openhands_testgen.reporting.redaction import Redaction
from tests.fakes.archives import pack, unpack

SECRET = "secret-1"


def redact(content: bytes) -> bytes:
    return Redaction((SECRET,)).redact_bytes(content)


def test_what_inflates_is_not_unpacked() -> None:
    content = pack({"a": b"\0" * 2_000_000})
    assert len(content) < 10_000
    with pytest.raises(ArchiveError, match="too large"):
        change_members(content, Allowance(1_000_000), bytes)


def test_archives_within_one_another_share_one_allowance() -> None:
    inner = pack({"a": b"\0" * 600_000})
    content = pack({"a.zip": inner, "b.zip": inner})
    allowance = Allowance(1_000_000)

    def change(text: bytes) -> bytes:
        return change_members(text, allowance, bytes)

    with pytest.raises(ArchiveError, match="too large"):
        change_members(content, allowance, change)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_methods_are_refused(method: int) -> None:
    with pytest.raises(ArchiveError, match="unusual"):
        change_members(pack({"a": b"a"}, method), Allowance(), bytes)


def test_an_archive_in_itself_comes_to_an_end() -> None:
    content = pack({"a": SECRET.encode()})
    for _ in range(20):
        content = pack({"a.zip": content})
    assert redact(content) == content


@pytest.mark.parametrize("position", range(0, 160, 3))
def test_damage_is_no_bug(position: int) -> None:
    content = bytearray(pack({"a": f"{SECRET} and more".encode(), "b": b"b" * 100}))
    content[position % len(content)] ^= 0xFF
    assert isinstance(redact(bytes(content)), bytes)


def test_an_encrypted_archive_is_left_as_it_is() -> None:
    content = bytearray(pack({"a": SECRET.encode()}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    assert redact(bytes(content)) == bytes(content)


def test_too_many_files_are_not_even_listed() -> None:
    content = pack({}) + b"PK\x01\x02" * 30_000
    with pytest.raises(ArchiveError, match="too large"):
        change_members(content, Allowance(), bytes)


def test_names_and_order_stay() -> None:
    content = pack({"b": b"1", "a/": b"", "../c": SECRET.encode()})
    with zipfile.ZipFile(io.BytesIO(redact(content))) as archive:
        assert archive.namelist() == ["b", "a/", "../c"]
    assert unpack(redact(content))["../c"] == b"***"
