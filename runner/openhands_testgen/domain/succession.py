"""Which of several language models goes on with a task when one of them fails.

Nothing has to be remembered between two looks: the names stand in the conversation's tags, the
present one in its record, and its events count the failures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TAG = "models"
# Codes of the agent server's error events that another model may not run into.
PASSING = {
    "LLMRateLimitError",
    "LLMServiceUnavailableError",
    "LLMTimeoutError",
    "LLMNoResponseError",
    "NotFoundError",
}


def render_tags(names: Sequence[str]) -> dict[str, str]:
    """Render the tag by which a conversation knows its models; one alone needs none."""
    return {TAG: " ".join(names)} if len(names) > 1 else {}


def choose_model(tags: Mapping[str, str], current: str, code: str, failures: int) -> str | None:
    """Choose the model that goes on after an error, or ``None`` if the error stands.

    ``failures`` counts the errors of the whole conversation: where they are fewer than the models
    up to the current one, that one was put in place and has not failed yet.
    """
    names = tags.get(TAG, "").split()
    if code not in PASSING or current not in names or failures >= len(names):
        return None
    following = names.index(current) + (1 if failures > names.index(current) else 0)
    return names[following] if following < len(names) else None
