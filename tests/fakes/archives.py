"""Zip archives, made for a test."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def pack(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Pack files by name."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def unpack(content: bytes) -> dict[str, bytes]:
    """Return the files by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack_events(events: Iterable[object]) -> bytes:
    """Pack events as an agent server does, but not in their order."""
    named = {
        f"0123/events/event-{number:05d}-abc.json": json.dumps(event).encode()
        for number, event in enumerate(events)
    }
    return pack({"0123/meta.json": b"{}", **dict(reversed(named.items()))})


def make_events(text: str) -> list[dict[str, object]]:
    """Make the events of a short conversation, as an agent server (1.58.0) writes them."""
    say = [{"type": "text", "text": text}]
    usage = {"agent": {"accumulated_token_usage": {"prompt_tokens": 4479, "completion_tokens": 24}}}
    return [
        {"id": "0", "kind": "SystemPromptEvent", "source": "agent", "system_prompt": say[0]},
        {"id": "1", "kind": "MessageEvent", "source": "user", "llm_message": {"content": say}},
        {
            "id": "2",
            "timestamp": "2026-01-01T10:00:25.788905",
            "kind": "ActionEvent",
            "source": "agent",
            "summary": text,
            "thought": say,
            "tool_name": "terminal",
            "tool_call_id": "call-1",
            "action": {"kind": "TerminalAction", "command": f"cat -- {text}", "timeout": 900.0},
        },
        {
            "id": "3",
            "kind": "ObservationEvent",
            "tool_name": "terminal",
            "tool_call_id": "call-1",
            "action_id": "2",
            "observation": {"content": say, "is_error": False, "exit_code": 2},
        },
        {
            "id": "4",
            "kind": "ConversationStateUpdateEvent",
            "key": "stats",
            "value": {"usage_to_metrics": usage},
        },
        {
            "id": "5",
            "kind": "ActionEvent",
            "tool_name": "file_editor",
            "tool_call_id": "call-2",
            "action": {"kind": "FileEditorAction", "command": "create", "path": text, "view": [1]},
        },
        {"id": "6", "kind": "AgentErrorEvent", "tool_call_id": "call-2", "error": text},
        {"id": "7", "kind": "ConversationErrorEvent", "code": "LLMTimeoutError", "detail": text},
    ]
