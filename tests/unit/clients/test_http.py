"""The one policy of repeated requests, and how answers ask for patience."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from openhands_testgen.clients.http import Patience, check_address, read_retry_after

PATIENCE = Patience(first_retry_seconds=1.0, tries=4, total_seconds=10.0)


@pytest.mark.parametrize(
    ("tries", "spent", "retry_after", "chance", "pause"),
    [
        (1, 0.0, None, 1.0, 1.0),
        (2, 0.0, None, 1.0, 2.0),
        (3, 0.0, None, 1.0, 4.0),
        # The pause is drawn from the whole range.
        (3, 0.0, None, 0.5, 2.0),
        (3, 0.0, None, 0.0, 0.0),
        # There are only so many tries.
        (4, 0.0, None, 0.0, None),
        # What the server asks for is never cut short.
        (1, 0.0, 3.0, 0.0, 3.0),
        (1, 0.0, 3.0, 1.0, 4.0),
        # No new try begins after the deadline.
        (1, 9.5, None, 0.4, 9.9 - 9.5),
        (1, 9.5, None, 0.6, None),
        (1, 0.0, 11.0, 0.0, None),
    ],
)
def test_pauses(
    tries: int, spent: float, retry_after: float | None, chance: float, pause: float | None
) -> None:
    found = PATIENCE.get_pause_seconds(tries, spent, retry_after_seconds=retry_after, chance=chance)
    assert found == (None if pause is None else pytest.approx(pause))


def make_response(retry_after: str) -> httpx.Response:
    return httpx.Response(429, headers={"Retry-After": retry_after} if retry_after else {})


@pytest.mark.parametrize(
    ("text", "seconds"), [("", None), ("0", 0.0), ("7", 7.0), ("soon", None), ("-1", None)]
)
def test_retry_after_in_seconds(text: str, seconds: float | None) -> None:
    assert read_retry_after(make_response(text)) == seconds


def test_retry_after_as_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert read_retry_after(make_response(later)) == pytest.approx(3600, abs=60)
    assert read_retry_after(make_response("Wed, 21 Oct 2015 07:28:00 GMT")) == 0


def test_an_address_keeps_its_path() -> None:
    assert str(check_address("https://host/below/", "server-url")) == "https://host/below"
