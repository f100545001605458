"""A stream that shows no secret, whoever writes to it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from openhands_testgen.domain.text import hide_secrets

if TYPE_CHECKING:
    from typing import TextIO


class RedactedStream(io.TextIOBase):
    """Passes text on without the secrets that are known by then.

    A secret is found within one ``write``: who prints one piece by piece shows it.
    """

    def __init__(self, raw: TextIO, secrets: list[str]) -> None:
        """Take the stream and a list of secrets, which may grow."""
        self.raw = raw
        self.secrets = secrets

    def write(self, text: str, /) -> int:
        """Write a text."""
        self.raw.write(self.hide(text))
        return len(text)

    def hide(self, text: str) -> str:
        """Return a text as it may be written, in pieces too."""
        return hide_secrets(text, self.secrets)

    def writable(self) -> bool:
        """It is."""
        return True

    def isatty(self) -> bool:
        """Whether a person looks at it."""
        return self.raw.isatty()

    def flush(self) -> None:
        """Have all shown that was written."""
        self.raw.flush()
