"""Known secrets do not stand in what is kept."""

from __future__ import annotations

from openhands_testgen.reporting.redaction import Redaction, map_texts

SECRET = 'k"ey-123\n456'


def test_bytes_are_redacted_as_they_are_and_as_json_writes_them() -> None:
    redaction = Redaction((SECRET,))
    content = b'plain k"ey-123\n456, json "k\\"ey-123\\n456"'
    assert redaction.redact_bytes(content) == b'plain ***, json "***"'


def test_bytes_that_are_no_text_pass() -> None:
    assert Redaction(("secret-1",)).redact_bytes(b"\xff\xfesecret-1") == b"\xff\xfe***"


def test_values_are_redacted_at_any_depth_and_keys_are_kept() -> None:
    content = {"status": ["a status", {"error": "the status"}], "cost": 1.5, "none": None}
    assert map_texts(content, Redaction(("status",)).redact_text) == {
        "status": ["a ***", {"error": "the ***"}],
        "cost": 1.5,
        "none": None,
    }


def test_the_longest_secret_goes_first() -> None:
    assert Redaction(("secret", "secret-long")).redact_bytes(b"secret-long") == b"***"


def test_short_secrets_tear_nothing_apart() -> None:
    assert Redaction(("", "a", "12345")).redact_bytes(b"banana 12345") == b"banana 12345"
