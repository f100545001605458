"""Secrets taken out of a compressed archive: what a search of its bytes cannot see."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openhands_testgen.reporting.redaction import Redaction

MARK = b"PK\x03\x04"
MAX_MEMBERS = 20_000
MAX_TOTAL_BYTES = 300_000_000
_MEMBER_MARK = b"PK\x01\x02"
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_TROUBLE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError)

type Members = list[tuple[str, bytes]]


def redact_archive(content: bytes, redaction: Redaction) -> bytes | None:
    """Return an archive without the secrets, the very bytes if there are none in it.

    ``None`` if it cannot be searched: it is damaged, encrypted, or grows too large.
    """
    if not redaction.is_needed:
        return content
    try:
        members = _read(content)
    except _TROUBLE:
        return None
    if members is None:
        return None
    clean = [(redaction.redact_text(name), redaction.redact_bytes(text)) for name, text in members]
    return content if clean == members else _pack(clean)


def _read(content: bytes) -> Members | None:
    if content.count(_MEMBER_MARK) > MAX_MEMBERS:
        return None
    members: Members = []
    room = MAX_TOTAL_BYTES
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            if member.compress_type not in _METHODS:
                return None
            with archive.open(member) as file:
                text = file.read(room + 1)
            room -= len(text)
            if room < 0:
                return None
            members.append((member.filename, text))
    return members


def _pack(members: Members) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members:
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
