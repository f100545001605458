"""Whatever is printed, known secrets are not."""

from __future__ import annotations

import io
import sys

import pytest

from openhands_testgen.reporting.outputs import mask_secrets
from openhands_testgen.reporting.redacted_stream import RedactedStream


@pytest.fixture
def shown() -> io.StringIO:
    return io.StringIO()


def test_secrets_are_hidden_from_when_they_are_known(shown: io.StringIO) -> None:
    stream = RedactedStream(shown, ["secret-1"])
    print("a secret-1 and a secret-2", file=stream)
    stream.secrets.append("secret-2")
    print("a secret-1 and a secret-2", file=stream, flush=True)
    assert shown.getvalue() == "a *** and a secret-2\na *** and a ***\n"


def test_a_secret_is_hidden_as_json_writes_it(shown: io.StringIO) -> None:
    print('{"key": "my\\"secret"}', file=RedactedStream(shown, ['my"secret']))
    assert shown.getvalue() == '{"key": "***"}\n'


def test_a_traceback_shows_none(shown: io.StringIO) -> None:
    stream = RedactedStream(shown, ["secret-1"])
    before, sys.stderr = sys.stderr, stream
    try:
        sys.excepthook(ValueError, ValueError("bad secret-1"), None)
    finally:
        sys.stderr = before
    assert shown.getvalue() == "ValueError: bad ***\n"


@pytest.mark.parametrize("in_actions", [True, False])
def test_the_runner_is_told_and_the_stream_learns(shown: io.StringIO, *, in_actions: bool) -> None:
    stream = RedactedStream(shown, [])
    mask_secrets(["secret-1"], stream, in_actions=in_actions)
    print("secret-1", file=stream)
    told = "::add-mask::secret-1\n" if in_actions else ""
    assert shown.getvalue() == f"{told}***\n"
