"""Runs that get no secrets: what they cannot do is no error, and said in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhands_testgen.errors import AuthenticationError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.errors import GenerationError
    from openhands_testgen.reporting.github.event import Event

# Settings that come from secrets, or from variables that forks do not see either.
_FROM_SECRETS = {"llm-model", "llm-api-key", "server-url", "api-key"}


def excuse_submit(event: Event, errors: Sequence[GenerationError], *, has_key: bool) -> str:
    """Say why nothing could be submitted if missing secrets alone are the cause; else ``""``.

    ``has_key``: a key was there all the same, so that its refusal is an error like any other.
    """
    if not event.origin or not errors:
        return ""
    if not all(_is_missing_secret(error, has_key=has_key) for error in errors):
        return ""
    return f"Nothing was submitted: {event.origin} get no secrets, and so no key to work with."


def excuse_collect(event: Event) -> str:
    """Say why there is no task to collect if the event explains it; else ``""``."""
    if not event.origin:
        return ""
    return f"Nothing to collect: {event.origin} get no secrets, and submit started no task."


def _is_missing_secret(error: GenerationError, *, has_key: bool) -> bool:
    if isinstance(error, ConfigurationError):
        return error.field in _FROM_SECRETS
    return isinstance(error, AuthenticationError) and not has_key
