"""What the agent did, step by step, as its own events tell it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import JsonValue, ValidationError

from openhands_testgen.domain.report import TokensDict
from openhands_testgen.reporting.archive import ArchiveError
from openhands_testgen.reporting.events import (
    Content,
    Event,
    Statistics,
    Text,
    TokenUsage,
    read_events,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TRAJECTORY_FILE = "trajectory.zip"
MAX_STEPS = 200
MAX_TEXT_LENGTH = 4_000
_STATISTICS = "stats"


@dataclass(slots=True)
class Step:
    """One thing that the agent did or that was said, and what came of it.

    ``at`` is the time as the server wrote it. Long texts are cut, outputs at their front: the end
    of an output says more.
    """

    tool: str
    title: str
    at: str
    thought: str = ""
    request: str = ""
    answer: str = ""
    exit_code: int | None = None
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Trajectory:
    """The steps that are shown, how many are not, and why there are none.

    ``unread`` counts records that are no events as we know them.
    """

    steps: tuple[Step, ...] = ()
    left_out: int = 0
    unread: int = 0
    tokens: TokensDict | None = None
    problem: str = ""


def read_trajectory(content: bytes | None) -> Trajectory:
    """Read an archive of events; whatever it holds, the answer is a trajectory."""
    if content is None:
        return Trajectory(problem="there is no record of the agent's steps")
    try:
        events, unread = read_events(content)
    except ArchiveError as exc:
        return Trajectory(problem=f"the record of the agent's steps {exc}")
    steps = list_steps(events)
    shown = tuple(steps[:MAX_STEPS])
    return Trajectory(shown, len(steps) - len(shown), unread, count_tokens(events))


def list_steps(events: Iterable[Event]) -> list[Step]:
    """List what was done and said; what came of an action is a part of its step."""
    steps: list[Step] = []
    by_key: dict[str, Step] = {}
    for event in events:
        if event.action is not None:
            step = _begin(event, event.action)
            steps.append(step)
            by_key |= dict.fromkeys(filter(None, (event.id, event.tool_call_id)), step)
            continue
        begun = by_key.get(event.action_id or "") or by_key.get(event.tool_call_id or "")
        if begun is None or not _end(begun, event):
            steps += _listen(event)
    return steps


def count_tokens(events: Sequence[Event]) -> TokensDict | None:
    """Count the tokens by the newest statistics, for they accumulate; ``None`` without any."""
    for event in reversed(events):
        if event.key != _STATISTICS:
            continue
        try:
            usages = Statistics.model_validate(event.value).usage_to_metrics.values()
        except ValidationError:
            continue
        counted = [one.accumulated_token_usage or TokenUsage() for one in usages]
        prompt = sum(one.prompt_tokens for one in counted)
        completion = sum(one.completion_tokens for one in counted)
        return TokensDict(prompt=prompt, completion=completion) if prompt + completion else None
    return None


def _begin(event: Event, action: dict[str, JsonValue]) -> Step:
    return Step(
        tool=event.tool_name or str(action.get("kind", "")),
        title=event.summary or "",
        at=event.timestamp,
        thought=_cut(_join(event.thought)),
        request=_cut(_render_action(action)),
    )


def _end(step: Step, event: Event) -> bool:
    """Take up what came of a step; return whether the event said so."""
    if event.observation is not None:
        step.answer = _cut_front(_join(event.observation.content))
        step.exit_code = event.observation.exit_code
        step.is_error = event.observation.is_error
    elif event.error is not None:
        step.answer, step.is_error = _cut_front(event.error), True
    else:
        return False
    return True


def _listen(event: Event) -> list[Step]:
    """Return what is said outside of any action, if this is such an event."""
    if event.error is not None or event.detail is not None:
        said = f"{event.code or 'Error'}: {event.detail or event.error}"
        return [Step("error", "Error", event.timestamp, answer=_cut(said), is_error=True)]
    if isinstance(event.llm_message, Content):
        said = _cut(_join(event.llm_message.content))
        return [Step("message", f"Message of the {event.source}", event.timestamp, answer=said)]
    return []


def _render_action(action: dict[str, JsonValue]) -> str:
    """Render what is asked of a tool: a command as it is typed, else a line for each parameter."""
    given = {key: one for key, one in action.items() if key != "kind" and one not in (None, "")}
    command = given.get("command")
    if isinstance(command, str) and "path" not in given:
        return command
    lines = (
        f"{key}: {one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)}"
        for key, one in given.items()
    )
    return "\n".join(lines)


def _join(content: list[Text] | str) -> str:
    return content if isinstance(content, str) else "\n".join(one.text for one in content)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT_LENGTH else f"{text[:MAX_TEXT_LENGTH]}\n…"


def _cut_front(text: str) -> str:
    return text if len(text) <= MAX_TEXT_LENGTH else f"…\n{text[-MAX_TEXT_LENGTH:]}"
