"""Foreign text made harmless for a terminal and a log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_LINE_LENGTH = 2_000
# Shorter ones would tear words and numbers apart and are no secrets.
MIN_SECRET_LENGTH = 6
MASK = "***"


def to_plain_line(text: str) -> str:
    """Return one printable line: no control, escape or bidirectional characters, bounded.

    The runner reads ``##[`` as a command wherever it stands in a line, so it is broken up.
    """
    line = " ".join(text[: MAX_LINE_LENGTH * 4].split()).replace("##[", "## [")
    plain = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
    return plain if len(plain) <= MAX_LINE_LENGTH else plain[: MAX_LINE_LENGTH - 3] + "..."


def list_secret_forms(secrets: Iterable[str]) -> list[str]:
    """List secrets as they are and as JSON writes them, longest first: one may hold another."""
    whole = [secret for secret in secrets if len(secret) >= MIN_SECRET_LENGTH]
    forms = {form for secret in whole for form in (secret, json.dumps(secret)[1:-1])}
    return sorted(forms, key=len, reverse=True)


def hide_secrets(text: str, secrets: Iterable[str]) -> str:
    """Return a text without the secrets."""
    for form in list_secret_forms(secrets):
        text = text.replace(form, MASK)
    return text


def map_texts(content: object, change: Callable[[str], str]) -> object:
    """Return JSON-like data with every string in it changed; keys are our own words."""
    if isinstance(content, str):
        return change(content)
    if isinstance(content, dict):
        return {key: map_texts(value, change) for key, value in content.items()}
    if isinstance(content, list):
        return [map_texts(value, change) for value in content]
    return content
