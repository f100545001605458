"""Known secrets, taken out of what is kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Shorter ones would tear words and numbers apart and are no secrets.
MIN_SECRET_LENGTH = 6
MASK = "***"


@dataclass(frozen=True, slots=True)
class Redaction:
    """Replaces secrets by ``***``, as they are and as JSON writes them."""

    secrets: tuple[str, ...]

    @property
    def is_needed(self) -> bool:
        """Whether there is any secret to take out."""
        return bool(self._list_forms())

    def redact_bytes(self, content: bytes) -> bytes:
        """Return a file's bytes without the secrets; what is compressed needs more than this."""
        for form in self._list_forms():
            content = content.replace(form.encode(), MASK.encode())
        return content

    def redact_text(self, text: str) -> str:
        """Return a text without the secrets."""
        for form in self._list_forms():
            text = text.replace(form, MASK)
        return text

    def _list_forms(self) -> list[str]:
        """List the longest first: a secret may be a part of another."""
        whole = [secret for secret in self.secrets if len(secret) >= MIN_SECRET_LENGTH]
        forms = {form for secret in whole for form in (secret, json.dumps(secret)[1:-1])}
        return sorted(forms, key=len, reverse=True)


def map_texts(content: object, change: Callable[[str], str]) -> object:
    """Return JSON-like data with every string in it changed; keys are our own words."""
    if isinstance(content, str):
        return change(content)
    if isinstance(content, dict):
        return {key: map_texts(value, change) for key, value in content.items()}
    if isinstance(content, list):
        return [map_texts(value, change) for value in content]
    return content
