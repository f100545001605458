"""What can be run at all."""

from __future__ import annotations

import pytest

from openhands_testgen.verification.stages.parse import judge_source


@pytest.mark.parametrize(
    "content",
    [b"def test_a(): ...", b"\xef\xbb\xbfdef test_a(): ...", "def test_a(): 'ü'".encode()],
)
def test_a_file_with_tests_passes(content: bytes) -> None:
    parsed = judge_source(content)
    assert (parsed.stage.passed, parsed.stage.reasons) == (True, ())
    assert parsed.expected == ("test_a",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file defines no test"),
        (b"X = 1", "the file defines no test"),
        (b"\xff", "the file is not UTF-8 (byte 0)"),
        (b"X = 1\ndef test_a(:", "the file is not valid Python (line 2:"),
        (b"(" * 1_000, "the file"),
        (b"def test_a(): " + b"-" * 100_000 + b"1", "the file"),
        (b"\0", "the file"),
    ],
)
def test_what_cannot_be_run_is_rejected_with_a_reason(content: bytes, reason: str) -> None:
    parsed = judge_source(content)
    assert not parsed.stage.passed
    assert parsed.stage.reasons[0].startswith(reason)
    assert parsed.expected == ()
