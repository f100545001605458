"""A second and a third try, and what is not tried again."""

from __future__ import annotations

import pytest

from openhands_testgen.clients.github_errors import GitHubError, Reason
from openhands_testgen.reporting.github.patience import run_patiently


class Scene:
    """An action that fails some times, and a clock that does not wait."""

    def __init__(self, *errors: GitHubError) -> None:
        """Take the errors in order; after them the action succeeds."""
        self.errors = list(errors)
        self.tries = 0
        self.waits: list[float] = []

    def act(self) -> str:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    def run(self) -> str:
        return run_patiently(self.act, self.waits.append)


def unreachable() -> GitHubError:
    return GitHubError(Reason.UNREACHABLE)


def limited(seconds: float | None) -> GitHubError:
    return GitHubError(Reason.RATE_LIMITED, retry_after_seconds=seconds)


@pytest.mark.parametrize(
    ("errors", "waits"),
    [
        ([], []),
        ([unreachable()], [1.0]),
        ([unreachable(), unreachable()], [1.0, 4.0]),
        ([limited(0)], [0]),
        ([limited(30), unreachable()], [30, 4.0]),
    ],
)
def test_what_passes(errors: list[GitHubError], waits: list[float]) -> None:
    scene = Scene(*errors)
    assert scene.run() == "done"
    assert scene.waits == waits


@pytest.mark.parametrize(
    ("errors", "tries"),
    [
        ([unreachable(), unreachable(), unreachable()], 3),
        ([limited(31)], 1),
        ([limited(None)], 1),
        ([unreachable(), limited(3600)], 2),
        *(
            ([GitHubError(reason)], 1)
            for reason in Reason
            if reason not in {Reason.UNREACHABLE, Reason.RATE_LIMITED}
        ),
    ],
)
def test_what_does_not(errors: list[GitHubError], tries: int) -> None:
    scene = Scene(*errors)
    with pytest.raises(GitHubError):
        scene.run()
    assert scene.tries == tries
