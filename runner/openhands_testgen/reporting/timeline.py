"""When a task waited, worked and was judged; as a Mermaid chart that GitHub draws."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.domain.report import TaskResult

FIRST_SECONDS, LAST_SECONDS = 946_684_800, 4_102_444_800  # of this century, since 1970
MAX_SECTIONS = 20
MAX_LABEL_LENGTH = 30
# The labels stand left of the bars, where Mermaid leaves room for nine characters by itself.
LABEL_WIDTH = 7
QUEUE, AGENT, COLLECT = "queued", "agent at work", "wait and verdict"
_TAGS = {QUEUE: "done, ", AGENT: "active, ", COLLECT: ""}
_FORBIDDEN = re.compile(r"[^A-Za-z0-9_./-]")
_HEAD = (
    f'%%{{init: {{"gantt": {{"leftPadding": {(MAX_LABEL_LENGTH + 2) * LABEL_WIDTH}}}}}}}%%',
    "gantt",
    "    accTitle: When the tasks waited and worked",
    "    dateFormat YYYY-MM-DDTHH:mm:ss",
    "    axisFormat %H:%M:%S",
)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a task's life; seconds since 1970."""

    label: str
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


def parse_time(text: str | None) -> float | None:
    """Parse ISO 8601 as seconds since 1970 (UTC if no zone is named), ``None`` if it is none.

    A time of another century is none: somebody invented it.
    """
    try:
        moment = datetime.fromisoformat(text or "")
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return seconds if FIRST_SECONDS <= seconds <= LAST_SECONDS else None


def list_spans(result: TaskResult, now: float) -> list[Span]:
    """List the spans that are known, in order; clocks that disagree give no span.

    ``now`` stands for the time of the collect where a result does not know it.
    """
    collected = parse_time(result.get("collected_at")) or now
    started, completed = parse_time(result["started_at"]), parse_time(result["completed_at"])
    moments = [
        (QUEUE, parse_time(result["created_at"]), started),
        (AGENT, started, completed if result["completed_at"] else collected),
        (COLLECT, completed, collected),
    ]
    return [
        Span(label, began, ended)
        for label, began, ended in moments
        if began is not None and ended is not None and began <= ended <= collected
    ]


def render_gantt(results: Sequence[TaskResult], now: float) -> str:
    """Render the tasks' spans as a Mermaid block; empty where no time is known.

    The text in it is our own but for the modules' paths, of which only plain characters stay.
    """
    lines = [
        line for result in results[:MAX_SECTIONS] for line in _render_section(result, now) if line
    ]
    return "\n".join(["```mermaid", *_HEAD, *lines, "```"]) if lines else ""


def _render_section(result: TaskResult, now: float) -> list[str]:
    spans = list_spans(result, now)
    path = _FORBIDDEN.sub("_", result["module_path"])[-MAX_LABEL_LENGTH:]
    bars = [
        f"    {span.label} :{_TAGS[span.label]}{_render(span.began)}, "
        f"{_render(max(span.ended, span.began + 1))}"
        for span in spans
    ]
    return [f"    section {path or 'module'}", *bars] if bars else []


def _render(seconds: float) -> str:
    """Render a time without a zone, so that every viewer's clock shows UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
