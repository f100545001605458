"""What the agent did to the test file, as a patch that ``git apply`` takes."""

from __future__ import annotations

import difflib
from typing import Final

FILE_MODE: Final = 0o644
MAX_COMPARISONS = 4_000_000  # a file can be made so that comparing it takes hours


def render_patch(output_path: str, before: bytes | None, after: bytes | None) -> bytes:
    """Render how ``before`` becomes ``after``; empty if nothing changes, or ends as no file.

    ``before`` is ``None`` for a file that is new.
    """
    if after is None or before == after:
        return b""
    old, new = _quote(f"a/{output_path}"), _quote(f"b/{output_path}")
    mode = [] if before is not None else [f"new file mode 100{FILE_MODE:o}\n"]
    source = "/dev/null" if before is None else old
    head = [f"diff --git {old} {new}\n", *mode, f"--- {source}\n", f"+++ {new}\n"]
    lines = _list_hunks(_split(before or b""), _split(after))
    return "".join([*head, *(_end(line) for line in lines)]).encode("utf-8", "surrogateescape")


def _list_hunks(old: list[str], new: list[str]) -> list[str]:
    """List the hunks; a file is replaced as a whole where one is empty, or both are long."""
    if 0 < len(old) * len(new) <= MAX_COMPARISONS:
        return list(difflib.unified_diff(old, new))[2:]
    place = f"@@ -{min(len(old), 1)},{len(old)} +{min(len(new), 1)},{len(new)} @@\n"
    return [place, *(f"-{line}" for line in old), *(f"+{line}" for line in new)]


def _split(content: bytes) -> list[str]:
    """Split at line feeds alone, as git does; ``splitlines`` would also split at form feeds."""
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    return [*(f"{line}\n" for line in lines[:-1]), *([lines[-1]] if lines[-1] else [])]


def _end(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _quote(path: str) -> str:
    """Write a path as git does: in quotes, byte for byte, where it has unusual characters."""
    if all(_is_plain(byte) for byte in path.encode("utf-8", "surrogateescape")):
        return path
    escaped = (
        chr(byte) if _is_plain(byte) else f"\\{byte:03o}"
        for byte in path.encode("utf-8", "surrogateescape")
    )
    return f'"{"".join(escaped)}"'


def _is_plain(byte: int) -> bool:
    return 0x20 <= byte < 0x7F and byte not in b'"\\'  # noqa: PLR2004 - printable ASCII
