"""A fake GitHub, and what is published there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from openhands_testgen.clients.github import GitHubClient
from openhands_testgen.reporting.annotations import Annotation
from openhands_testgen.reporting.github.event import Event
from openhands_testgen.reporting.github.publisher import GitHubPublisher, Published, Wishes
from tests.fakes.github import TOKEN, FakeGitHub
from tests.fakes.github_repository import HEAD
from tests.fakes.github_routes import NAME
from tests.fakes.results import make_rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.domain.report import TaskResult

PULL = Event("pull_request", HEAD, "feature", 7)
FORK = Event("pull_request", HEAD, "", 7, is_fork=True)
RUN_URL = f"https://github.example/{NAME}/actions/runs/1"
FILES = {"tests/test_prices.py": b"def test_it():\n    assert True\n"}
LIMIT = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999"}


def make_annotations(count: int) -> list[Annotation]:
    levels = ("error", "warning", "notice")
    return [
        Annotation(levels[n % 3], "src/a.py", "Not covered", f"number {n}", n + 1, n + 2)  # type: ignore[arg-type] # one of three
        for n in range(count)
    ]


@dataclass
class Scene:
    """A fake GitHub and what is published there."""

    github: FakeGitHub
    wishes: dict[str, object] = field(default_factory=dict)
    event: Event = PULL
    results: Sequence[TaskResult] = field(default_factory=lambda: [make_rejected()])
    token: str = TOKEN
    waits: list[float] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=lambda: {**FILES})

    def connect(self) -> GitHubClient:
        return GitHubClient(
            self.token, self.github.url, NAME, timeout_seconds=1, seconds_between_writes=0
        )

    def publish(self, count: int = 3, **wishes: object) -> Published:
        self.github.requests.clear()
        known = {"workflow": "Tests", "job": "collect", "run_url": RUN_URL}
        asked = Wishes(**{**known, **self.wishes, **wishes})  # type: ignore[arg-type] # as a test names them
        publisher = GitHubPublisher(self.connect, self.event, asked, self.waits.append)
        return publisher.publish(self.results, make_annotations(count), self.files)
