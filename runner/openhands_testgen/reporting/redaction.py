"""Known secrets, taken out of what is kept."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass

# Shorter ones would tear words and numbers apart and are no secrets.
MIN_SECRET_LENGTH = 6
MASK = "***"
MAX_UNPACKED_BYTES = 200_000_000
_ZIP_MARK, _GZIP_MARK = b"PK\x03\x04", b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Redaction:
    """Replaces secrets by ``***``, as they are and as JSON writes them."""

    secrets: tuple[str, ...]

    def redact_bytes(self, content: bytes) -> bytes:
        """Return a file's bytes without the secrets, those of the files in a zip archive too.

        Other compressed files, and an archive that cannot be read, are left as they are.
        """
        if content.startswith(_ZIP_MARK):
            return self._redact_archive(content)
        if content.startswith(_GZIP_MARK):
            return content
        for form in self._list_forms():
            content = content.replace(form.encode(), MASK.encode())
        return content

    def redact_values(self, content: object) -> object:
        """Return JSON-like data without the secrets in its strings; keys are our own words."""
        if isinstance(content, str):
            return self._redact_text(content)
        if isinstance(content, dict):
            return {key: self.redact_values(value) for key, value in content.items()}
        if isinstance(content, list):
            return [self.redact_values(value) for value in content]
        return content

    def _redact_archive(self, content: bytes) -> bytes:
        """Pack an archive anew if a file in it has to change."""
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                members = archive.infolist()
                if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
                    return content
                before = [archive.read(member) for member in members]
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError):
            return content
        after = [self.redact_bytes(one) for one in before]
        return content if after == before else _pack(members, after)

    def _redact_text(self, text: str) -> str:
        for form in self._list_forms():
            text = text.replace(form, MASK)
        return text

    def _list_forms(self) -> list[str]:
        """List the longest first: a secret may be a part of another."""
        whole = [secret for secret in self.secrets if len(secret) >= MIN_SECRET_LENGTH]
        forms = {form for secret in whole for form in (secret, json.dumps(secret)[1:-1])}
        return sorted(forms, key=len, reverse=True)


def _pack(members: list[zipfile.ZipInfo], contents: list[bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in zip(members, contents, strict=True):
            archive.writestr(member, content)
    return packed.getvalue()
