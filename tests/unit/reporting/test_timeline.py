"""The chart of times: true to what is known, and free of foreign text."""

from __future__ import annotations

import re

import pytest

from openhands_testgen.reporting.timeline import (
    AGENT,
    COLLECT,
    QUEUE,
    list_spans,
    parse_time,
    render_gantt,
)
from tests.fakes.hostile import TEXTS, make_hostile
from tests.fakes.results import make_result

BEGIN = 1_767_261_600.0  # 2026-01-01T10:00:00Z
NOW = BEGIN + 70
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
LINE = re.compile(
    rf"    (section [A-Za-z0-9_./-]+|[a-z ]+ :(done, |active, )?{TIME}, {TIME}"
    r"|accTitle: [A-Za-z ]+|dateFormat [A-Za-z:-]+|axisFormat [%A-Za-z:]+)"
)


def list_words(**changes: object) -> list[tuple[str, float]]:
    spans = list_spans(make_result(**changes), NOW)
    return [(span.label, span.seconds) for span in spans]


@pytest.mark.parametrize(
    ("changes", "spans"),
    [
        ({}, [(QUEUE, 20), (AGENT, 45), (COLLECT, 5)]),
        ({"collected_at": "2026-01-01T10:01:06Z"}, [(QUEUE, 20), (AGENT, 45), (COLLECT, 1)]),
        ({"completed_at": None}, [(QUEUE, 20), (AGENT, 50)]),
        ({"started_at": None, "completed_at": None}, []),
        ({"started_at": "2026-01-01T10:00:20"}, [(QUEUE, 20), (AGENT, 45), (COLLECT, 5)]),
        ({"started_at": "2026-01-01T09:00:00Z"}, [(AGENT, 3_665), (COLLECT, 5)]),
        ({"completed_at": "9999-12-31T23:59:59Z"}, [(QUEUE, 20)]),
        ({"created_at": "yesterday", "started_at": "0001-01-01T00:00:00+14:00"}, [(COLLECT, 5)]),
    ],
)
def test_spans(changes: dict[str, object], spans: list[tuple[str, float]]) -> None:
    assert list_words(**changes) == spans


@pytest.mark.parametrize("text", [None, "", "x", "1" * 5_000, "2026-13-01", "٢٠٢٦-01-01"])
def test_what_is_no_time_is_none(text: str | None) -> None:
    assert parse_time(text) is None


def test_the_chart_shows_utc_and_every_bar() -> None:
    chart = render_gantt([make_result(completed_at="2026-01-01T10:00:20Z")], NOW)
    assert "    section src/shop/prices.py\n" in chart
    assert "    queued :done, 2026-01-01T10:00:00, 2026-01-01T10:00:20\n" in chart
    assert "    agent at work :active, 2026-01-01T10:00:20, 2026-01-01T10:00:21\n" in chart


def test_no_chart_without_times_and_a_short_one_for_many_tasks() -> None:
    assert render_gantt([make_hostile("x")], NOW) == ""
    assert render_gantt([make_result()] * 1_000, NOW).count("section") == 20


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_foreign_text_cannot_leave_its_label(text: str) -> None:
    lines = render_gantt([make_result(module_path=text)], NOW).split("\n")
    assert lines[0] == "```mermaid"
    assert lines[1].startswith('%%{init: {"gantt": {"leftPadding": 224}}}%%')
    assert lines[2] == "gantt"
    assert lines[-1] == "```"
    assert [line for line in lines[3:-1] if not LINE.fullmatch(line)] == []
    assert len(lines) == 11
