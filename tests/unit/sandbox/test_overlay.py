"""The overlay comes from a program of ours, whose last line names the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhands_testgen.errors import ConfigurationError
from openhands_testgen.sandbox.overlay import Overlay

pytestmark = pytest.mark.anyio
PYTHON = Path("/opt/python/bin/python3.9")


def make_overlay(folder: Path, script: str) -> Overlay:
    program = folder / "environment"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Overlay(program, {"PATH": "/bin:/usr/bin", "MIRROR": "set"})


async def test_the_last_line_is_the_folder(tmp_path: Path) -> None:
    overlay = make_overlay(tmp_path, 'echo hello; echo "/cache/$1$2$3 $MIRROR"')
    folder = await overlay.install(PYTHON)
    assert folder == Path(f"/cache/judge--python{PYTHON} set")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo first >&2; echo 'no network' >&2; exit 5", r"\(no network\)"),
        ("exit 5", r"\(it took too long\)"),
    ],
)
async def test_a_failure_says_why_and_what_to_do(tmp_path: Path, script: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as caught:
        await make_overlay(tmp_path, script).install(PYTHON)
    assert caught.value.field == "python"
    assert "install them for it, or name another interpreter" in str(caught.value)
