"""What a waiting person sees, by the settings."""

from __future__ import annotations

import pytest

from openhands_testgen import bootstrap
from openhands_testgen.reporting.live_progress import LiveProgress
from openhands_testgen.reporting.progress import LineProgress, NoProgress


@pytest.mark.parametrize(("options", "is_said"), [({}, True), ({"quiet": "true"}, False)])
def test_who_asks_for_quiet_hears_nothing(
    options: dict[str, str], capsys: pytest.CaptureFixture[str], *, is_said: bool
) -> None:
    bootstrap.build_progress(options).say("RUNNING")
    assert ("RUNNING" in capsys.readouterr().err) is is_said


@pytest.mark.parametrize(
    ("options", "in_actions", "is_terminal", "is_waiting", "kind"),
    [
        ({}, False, True, True, LiveProgress),
        ({}, False, True, False, LineProgress),
        ({}, False, False, True, LineProgress),
        ({}, True, True, True, LineProgress),
        ({"quiet": "true"}, False, True, True, NoProgress),
        ({"quiet": "true"}, True, False, True, NoProgress),
    ],
)
def test_who_sees_what(  # noqa: PLR0917 - a row of a truth table
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, str],
    in_actions: bool,
    is_terminal: bool,
    is_waiting: bool,
    kind: type,
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true" if in_actions else "")
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal, raising=False)
    assert type(bootstrap.build_progress(options, is_waiting=is_waiting)) is kind
