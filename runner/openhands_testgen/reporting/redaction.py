"""Known secrets, taken out of what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from openhands_testgen.domain.text import MASK, hide_secrets, list_secret_forms, map_texts
from openhands_testgen.reporting.archive import MARK, Allowance, ArchiveError, change_members

MAX_DEPTH = 3
# Stands in for a key where none is needed: `ollama`, `none-at-all`.
MIN_KEY_LENGTH = 12
_GZIP_MARK = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Redaction:
    """Replaces secrets by ``***``, as they are and as JSON writes them."""

    secrets: tuple[str, ...]

    def redact_bytes(self, content: bytes) -> bytes:
        """Return a file's bytes without the secrets, those of the files in a zip archive too.

        Other compressed files, and an archive that cannot be read, are left as they are.
        """
        return self._redact(content, list_secret_forms(self.secrets), Allowance(), MAX_DEPTH)

    def redact_text(self, text: str) -> str:
        """Return a text without the secrets."""
        return hide_secrets(text, self.secrets)

    def is_needed(self, content: bytes) -> bool:
        """Whether there is a secret in a file, of a length that no common word has."""
        long = tuple(one for one in self.secrets if len(one) >= MIN_KEY_LENGTH)
        return Redaction(long).redact_bytes(content) != content

    def redact_values(self, content: object) -> object:
        """Return JSON-like data without the secrets in its strings; keys are our own words."""
        return map_texts(content, self.redact_text)

    def _redact(self, content: bytes, forms: list[str], allowance: Allowance, depth: int) -> bytes:
        if not forms or content.startswith(_GZIP_MARK):
            return content
        if content.startswith(MARK) and depth:
            change = partial(self._redact, forms=forms, allowance=allowance, depth=depth - 1)
            try:
                return change_members(content, allowance, change)
            except ArchiveError:
                return content
        for form in forms:
            content = content.replace(form.encode("utf-8", "replace"), MASK.encode())
        return content
