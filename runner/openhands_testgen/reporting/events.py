"""The events of a conversation, read from the archive that its server made: foreign data."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field, JsonValue

from openhands_testgen.domain.text import map_texts
from openhands_testgen.reporting.archive import (
    TROUBLE,
    Allowance,
    ArchiveError,
    is_plain,
    open_archive,
)

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

MAX_ARCHIVE_BYTES = 50_000_000
MAX_MEMBERS = 5_000
MAX_MEMBER_BYTES = 1_000_000
MAX_TOTAL_BYTES = 50_000_000
_EVENT_FILE = re.compile(r"(?:.*/)?event[-_]([0-9]{1,9})[-_][^/]*\.json", re.DOTALL)

Count = Annotated[int, Field(ge=0, le=10**15)]
ExitCode = Annotated[int, Field(ge=-(2**31), le=2**32)]


class Text(BaseModel):
    """A piece of a message; a picture has no text."""

    text: str = ""


class Content(BaseModel):
    """What was said, or what came of an action."""

    content: list[Text] | str = ""
    is_error: bool = False
    exit_code: ExitCode | None = None


class TokenUsage(BaseModel):
    """Tokens of one model."""

    prompt_tokens: Count = 0
    completion_tokens: Count = 0


class Metrics(BaseModel):
    """What one model was used for."""

    accumulated_token_usage: TokenUsage | None = None


class Statistics(BaseModel):
    """What all models were used for."""

    usage_to_metrics: dict[str, Metrics] = {}


class Event(BaseModel):
    """One event, as far as a reader wants to see it; source: records of an agent server (1.58.0).

    An action has an ``action``; what came of it an ``observation`` or an ``error``, and the
    ``action_id`` or the same ``tool_call_id``.
    """

    id: str = ""
    timestamp: str = ""
    source: str = ""
    summary: str | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None
    action: dict[str, JsonValue] | None = None
    action_id: str | None = None
    thought: list[Text] = []
    observation: Content | None = None
    llm_message: Content | None = None
    error: str | None = None
    code: str | None = None
    detail: str | None = None
    key: str | None = None
    value: JsonValue = None


def read_events(content: bytes) -> tuple[list[Event], int]:
    """Read the events in the order of their numbers, and count those that cannot be read.

    Raises:
        ArchiveError: it is no archive, or too large.

    """
    if len(content) > MAX_ARCHIVE_BYTES:
        raise ArchiveError("is too large")
    with open_archive(content, MAX_MEMBERS) as archive:
        try:
            found = list(_read(archive))
        except TROUBLE as exc:
            raise ArchiveError("cannot be read") from exc
    events = [event for event in found if event is not None]
    return events, len(found) - len(events)


def _read(archive: zipfile.ZipFile) -> Iterator[Event | None]:
    allowance = Allowance(MAX_TOTAL_BYTES)
    for member in _list_members(archive):
        text = allowance.take(archive, member, MAX_MEMBER_BYTES) if is_plain(member) else b""
        yield _parse(text) if len(text) <= MAX_MEMBER_BYTES else None


def _list_members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    found = [(_EVENT_FILE.fullmatch(member.filename), member) for member in archive.infolist()]
    numbered = [(int(match[1]), member) for match, member in found if match]
    ordered = sorted(numbered, key=lambda pair: pair[0])
    return [member for _, member in ordered]


def _parse(text: bytes) -> Event | None:
    """Parse an event; half a character in a text, which pydantic refuses, hides no event."""
    try:
        content: object = json.loads(text.decode("utf-8", "replace"))
        return Event.model_validate(map_texts(content, _make_valid))
    except (ValueError, RecursionError):
        return None


def _make_valid(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
