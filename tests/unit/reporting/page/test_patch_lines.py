"""The patch, line by line."""

from __future__ import annotations

from openhands_testgen.reporting.page import patch
from openhands_testgen.reporting.page.patch import list_patch_lines
from openhands_testgen.reporting.patch import render_patch


def test_each_line_has_its_kind() -> None:
    content = render_patch("a.py", b"same\n-- old\n", b"same\n++ new")
    assert [(line.kind, line.text) for line in list_patch_lines(content).lines] == [
        ("head", "diff --git a/a.py b/a.py"),
        ("head", "--- a/a.py"),
        ("head", "+++ b/a.py"),
        ("place", "@@ -1,2 +1,2 @@"),
        ("", " same"),
        ("removed", "--- old"),
        ("added", "+++ new"),
        ("place", "\\ No newline at end of file"),
    ]


def test_no_patch_and_a_long_one() -> None:
    assert list_patch_lines(b"").lines == ()
    found = list_patch_lines(b"+a\n" * (patch.MAX_LINES + 7))
    assert (len(found.lines), found.left_out) == (patch.MAX_LINES, 7)


def test_bytes_that_are_no_text_are_shown() -> None:
    assert list_patch_lines(b"+\xff\n").lines[0].text == "+\ufffd"
