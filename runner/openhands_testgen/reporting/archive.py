"""Zip archives from outside, read within bounds and packed anew where a file in them changes."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MARK = b"PK\x03\x04"
MAX_MEMBERS = 20_000
MAX_UNPACKED_BYTES = 200_000_000
_MEMBER_MARK = b"PK\x01\x02"  # with it each entry of an archive's directory begins
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # others can ask for any amount of memory
TROUBLE = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,  # it is encrypted, or needs a method that there is not
)

type Members = list[tuple[str, bytes]]


class ArchiveError(Exception):
    """An archive that cannot be read; the message says why."""


@dataclass(slots=True)
class Allowance:
    """How many bytes may still be unpacked, by all archives within one another."""

    left: int = MAX_UNPACKED_BYTES

    def take(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, max_bytes: int) -> bytes:
        """Unpack one file, but no more than a byte over the lower of both limits.

        Raises:
            ArchiveError: there is not that much left.

        """
        with archive.open(member) as file:
            content = file.read(min(max_bytes, self.left) + 1)
        self.left -= len(content)
        if self.left < 0:
            raise ArchiveError("is too large")
        return content


def open_archive(content: bytes, max_members: int) -> zipfile.ZipFile:
    """Open an archive.

    Raises:
        ArchiveError: it is none, or has too many files in it.

    """
    if content.count(_MEMBER_MARK) > max_members:
        raise ArchiveError("is too large")
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except TROUBLE as exc:
        raise ArchiveError("cannot be read") from exc


def is_plain(member: zipfile.ZipInfo) -> bool:
    """Whether a file can be unpacked in memory that is bounded."""
    return member.compress_type in _METHODS


def change_members(content: bytes, allowance: Allowance, change: Callable[[bytes], bytes]) -> bytes:
    """Return an archive with all files in it changed; the very bytes if none does.

    Raises:
        ArchiveError: it cannot be read, or grows too large.

    """
    before = _read(content, allowance)
    after = [(name, change(text)) for name, text in before]
    return content if after == before else _pack(after)


def _read(content: bytes, allowance: Allowance) -> Members:
    with open_archive(content, MAX_MEMBERS) as archive:
        members = archive.infolist()
        if not all(map(is_plain, members)):
            raise ArchiveError("is packed in an unusual way")
        try:
            return [
                (member.filename, allowance.take(archive, member, MAX_UNPACKED_BYTES))
                for member in members
            ]
        except TROUBLE as exc:
            raise ArchiveError("cannot be read") from exc


def _pack(members: Iterable[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members:
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
