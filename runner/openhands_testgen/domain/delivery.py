"""Where accepted tests go: to the output path, or beside it if that file has changed meanwhile."""

from __future__ import annotations

from pathlib import PurePosixPath

from openhands_testgen.domain.snapshot import render_digest

# Where the results folder keeps the tests as they were delivered.
DELIVERED_FILE = "delivered.py"


def choose_target(
    output_path: str, digest_at_submit: str, present: bytes | None, content: bytes
) -> tuple[str, str]:
    """Return the path to write, and a warning where it is not the output path.

    ``present`` are the bytes that stand at the output path now, ``None`` if none do.
    """
    if present == content or render_digest(present) == digest_at_submit:
        return output_path, ""
    beside = PurePosixPath(output_path)
    target = str(beside.with_name(f"{beside.stem}_openhands{beside.suffix}"))
    warning = (
        f"{output_path} has changed since submit and was left alone; the tests are in {target}"
    )
    return target, warning
