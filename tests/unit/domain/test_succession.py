"""Which model goes on: a table."""

from __future__ import annotations

import pytest

from openhands_testgen.domain.succession import PASSING, choose_model, render_tags

NAMES = ("openai/a", "openai/b", "openai/c")
LIMIT = "LLMRateLimitError"


def test_one_model_alone_is_no_succession() -> None:
    assert render_tags(NAMES[:1]) == {}
    assert choose_model(render_tags(NAMES[:1]), NAMES[0], LIMIT, 1) is None


@pytest.mark.parametrize(
    ("current", "code", "failures", "chosen"),
    [
        ("openai/a", LIMIT, 1, "openai/b"),
        ("openai/b", LIMIT, 1, "openai/b"),  # put in place, and shows the former's error still
        ("openai/b", LIMIT, 2, "openai/c"),
        ("openai/c", LIMIT, 2, "openai/c"),
        ("openai/c", LIMIT, 3, None),
        ("openai/b", LIMIT, 7, None),  # each has had its turn, whatever else failed
        ("openai/x", LIMIT, 1, None),
        ("", LIMIT, 1, None),
        ("openai/a", "LLMAuthenticationError", 1, None),
        ("openai/a", "MaxIterationsReached", 1, None),
        ("openai/a", "", 1, None),
        *(("openai/a", code, 1, "openai/b") for code in sorted(PASSING)),
    ],
)
def test_succession(current: str, code: str, failures: int, chosen: str | None) -> None:
    assert choose_model(render_tags(NAMES), current, code, failures) == chosen
