"""Runs without secrets: only what missing secrets explain is excused."""

from __future__ import annotations

import pytest

from openhands_testgen.errors import (
    AuthenticationError,
    BackendUnreachableError,
    ConfigurationError,
    GenerationError,
    NothingToTestError,
)
from openhands_testgen.reporting.github.event import Event
from openhands_testgen.reporting.github.excuse import excuse_collect, excuse_submit

FORK = Event("pull_request", is_fork=True)
DEPENDABOT = Event("push", is_dependabot=True)
HOME = Event("pull_request")
TARGET = Event("pull_request_target", is_fork=True)
NO_MODEL = ConfigurationError("no language model is set", field="llm-model")
NO_KEY = ConfigurationError("no language model is set", field="llm-api-key")
NO_SERVER = ConfigurationError("needs the server's address", field="server-url")
BAD_MODULE = ConfigurationError("is a folder", field="module")
REFUSED = AuthenticationError("401")


@pytest.mark.parametrize(
    ("event", "errors", "has_key", "is_excused"),
    [
        (FORK, [NO_MODEL], False, True),
        (FORK, [NO_KEY], True, True),
        (DEPENDABOT, [NO_SERVER], False, True),
        (FORK, [REFUSED, REFUSED], False, True),
        (FORK, [REFUSED], True, False),
        (FORK, [BAD_MODULE], False, False),
        (FORK, [REFUSED, BAD_MODULE], False, False),
        (FORK, [NothingToTestError("x")], False, False),
        (FORK, [BackendUnreachableError("x")], False, False),
        (FORK, [], False, False),
        (HOME, [NO_MODEL], False, False),
        (TARGET, [NO_MODEL], False, False),
    ],
)
def test_submit(
    event: Event, errors: list[GenerationError], has_key: bool, is_excused: bool
) -> None:
    assert bool(excuse_submit(event, errors, has_key=has_key)) is is_excused


@pytest.mark.parametrize(
    ("event", "is_excused"), [(FORK, True), (DEPENDABOT, True), (HOME, False), (TARGET, False)]
)
def test_collect(event: Event, is_excused: bool) -> None:
    assert bool(excuse_collect(event)) is is_excused


def test_the_sentences_say_who_and_why() -> None:
    assert excuse_submit(FORK, [NO_MODEL], has_key=False) == (
        "Nothing was submitted: pull requests from forks get no secrets, and so no key to work "
        "with."
    )
    assert excuse_collect(DEPENDABOT) == (
        "Nothing to collect: runs that Dependabot starts get no secrets, and submit started no "
        "task."
    )
