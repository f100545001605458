"""What became of one turn, as far as the judged process itself tells it: foreign data, bounded."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import cast

MAX_TESTS = 5_000
MAX_NAME = 1_000
MAX_FILES = 200
MAX_TEXT = 300
MAX_FAILED = 3


@dataclass
class Account:
    """One turn.

    ``broken`` says why no test could run. ``results`` are outcome and message by test, ``running``
    is a test that began and has no result. ``is_done`` says that the turn told its own end.
    ``status`` is the exit code, negative for a signal. ``start_seconds`` went by before the tests.
    ``lines`` are the module's, by test, ``took`` are milliseconds. ``loaded`` are files of
    the project that were compiled.
    """

    broken: str = ""
    results: dict[str, list[str]] = field(default_factory=dict)
    running: str = ""
    is_done: bool = False
    is_loaded: bool = False
    is_late: bool = False
    status: int = 0
    start_seconds: float = 0.0
    seconds: float = 0.0
    lines: dict[str, list[int]] = field(default_factory=dict)
    took: dict[str, int] = field(default_factory=dict)
    loaded: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether all tests ran on the module, none failed and one passed at least."""
        outcomes = {outcome for outcome, _ in self.results.values()}
        is_whole = self.is_done and self.is_loaded and not self.broken
        return is_whole and "passed" in outcomes and outcomes <= {"passed", "skipped"}

    def summarize(self) -> dict[str, object]:
        """Return what a judge needs to know."""
        failed = [
            f"{name}: {message}"[:MAX_TEXT]
            for name, (outcome, message) in self.results.items()
            if outcome not in {"passed", "skipped"}
        ]
        return {
            "broken": self.broken,
            "failed": failed[:MAX_FAILED],
            "passed": sum(outcome == "passed" for outcome, _ in self.results.values()),
            "is_done": self.is_done,
            "is_loaded": self.is_loaded,
            "is_late": self.is_late,
            "status": self.status,
        }

    def read_events(self, content: bytes) -> None:
        """Take up what a turn told; lines that are no events are passed over."""
        for line in content.splitlines():
            event = parse_json(line)
            if isinstance(event, list) and event and all(map(_is_plain, event)):
                self._read(event)

    def _read(self, event: list[object]) -> None:
        kind, *rest = event
        texts = [one for one in rest if isinstance(one, str)]
        if kind == "start" and texts and len(self.results) < MAX_TESTS:
            self.running = texts[0][:MAX_NAME]
        elif kind == "result" and texts[2:]:
            name, outcome, message, *_ = texts
            self.results[name[:MAX_NAME]] = [outcome[:MAX_TEXT], message[:MAX_TEXT]]
            self.running = ""
        elif kind == "lines" and texts and len(self.lines) <= MAX_TESTS:
            self.lines[texts[0][:MAX_NAME]] = [one for one in rest if isinstance(one, int)]
        elif kind == "took" and texts and len(self.took) <= MAX_TESTS:
            self.took[texts[0][:MAX_NAME]] = sum(one for one in rest if isinstance(one, int))
        elif kind == "loaded":
            self.loaded = texts[:MAX_FILES]
        elif kind == "end":
            self.is_done, self.is_loaded = True, rest == [True]


def parse_json(content: bytes) -> object:
    """Return what a text holds, ``None`` if it is no JSON."""
    try:
        return cast("object", json.loads(content))
    except (ValueError, RecursionError):
        return None


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, int))
