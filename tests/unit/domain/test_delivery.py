"""A file that changed since submit is never overwritten."""

from __future__ import annotations

import pytest

from openhands_testgen.domain.delivery import choose_target
from openhands_testgen.domain.snapshot import ABSENT, render_digest

OLD, NEW, OTHER = b"old", b"new", b"other"


@pytest.mark.parametrize(
    ("digest_at_submit", "present", "target"),
    [
        (ABSENT, None, "tests/test_a.py"),
        (render_digest(OLD), OLD, "tests/test_a.py"),
        (ABSENT, NEW, "tests/test_a.py"),
        (render_digest(OLD), NEW, "tests/test_a.py"),
        (ABSENT, OTHER, "tests/test_a_openhands.py"),
        (render_digest(OLD), OTHER, "tests/test_a_openhands.py"),
        (render_digest(OLD), None, "tests/test_a_openhands.py"),
    ],
)
def test_target(digest_at_submit: str, present: bytes | None, target: str) -> None:
    chosen, warning = choose_target("tests/test_a.py", digest_at_submit, present, NEW)
    assert chosen == target
    assert bool(warning) is (target != "tests/test_a.py")
    if warning:
        assert "has changed since submit" in warning
        assert target in warning
