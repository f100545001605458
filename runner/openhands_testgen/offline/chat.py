"""A chat completion as pure data: the request that came in, and the reply as OpenAI renders it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

type Json = dict[str, object]
CHARACTERS_IN_A_TOKEN = 4


class _Sent(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Part(_Sent):
    """A part of a message; only text is read."""

    text: str = ""


class Function(_Sent):
    """A tool by name; ``arguments`` is JSON in a string, as the interface has it."""

    name: str
    arguments: str = "{}"


class ToolCall(_Sent):
    """What the model asked for in an earlier turn."""

    id: str
    function: Function


class Message(_Sent):
    """One turn of the conversation."""

    role: str
    content: str | list[Part] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        """All that is said in it."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class Tool(_Sent):
    """A tool that the agent offers."""

    function: Function


class StreamOptions(_Sent):
    """Whether the last piece of a stream counts the tokens."""

    include_usage: bool = False


class ChatRequest(_Sent):
    """A request for the next turn."""

    messages: list[Message] = Field(min_length=1)
    tools: list[Tool] | None = None
    model: str = ""
    stream: bool | None = None
    stream_options: StreamOptions | None = None

    def offers(self, tool: str) -> bool:
        """Whether the agent has a tool of this name."""
        return any(one.function.name == tool for one in self.tools or ())


@dataclass(frozen=True, slots=True)
class Reply:
    """The next turn: text, or the call of one tool where ``tool`` names it."""

    text: str = ""
    tool: str = ""
    arguments: Mapping[str, object] = field(default_factory=dict)


class Policy(Protocol):
    """Decides the next turn of any conversation."""

    def __call__(self, request: ChatRequest) -> Reply:
        """Return the next turn."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one completion from another; ``created`` counts seconds since 1970."""

    id: str
    created: int


def render_completion(request: ChatRequest, reply: Reply, stamp: Stamp) -> Json:
    """Render a whole completion."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", **_render_turn(reply, stamp)},
        "finish_reason": _get_finish_reason(reply),
    }
    return {
        **_render_head("chat.completion", request, stamp),
        "choices": [choice],
        "usage": count_tokens(request, reply),
    }


def render_stream(request: ChatRequest, reply: Reply, stamp: Stamp) -> Iterator[Json]:
    """Render a completion as the pieces of a stream."""
    head = _render_head("chat.completion.chunk", request, stamp)
    turn = _render_turn(reply, stamp)
    calls = turn.get("tool_calls")
    if isinstance(calls, list):
        turn["tool_calls"] = [{"index": 0, **call} for call in calls]
    yield {**head, "choices": [_render_piece({"role": "assistant", **turn}, None)]}
    yield {**head, "choices": [_render_piece({}, _get_finish_reason(reply))]}
    if request.stream_options and request.stream_options.include_usage:
        yield {**head, "choices": [], "usage": count_tokens(request, reply)}


def render_error(message: str, kind: str, code: str | None = None) -> Json:
    """Render an error as OpenAI's clients read it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def count_tokens(request: ChatRequest, reply: Reply) -> dict[str, int]:
    """Count tokens roughly: programs have none, but clients want numbers."""
    prompt = sum(len(message.text) for message in request.messages) // CHARACTERS_IN_A_TOKEN + 1
    said = len(reply.text) + len(json.dumps(dict(reply.arguments)))
    completion = said // CHARACTERS_IN_A_TOKEN + 1
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _render_head(kind: str, request: ChatRequest, stamp: Stamp) -> Json:
    return {
        "id": f"chatcmpl-{stamp.id}",
        "object": kind,
        "created": stamp.created,
        "model": request.model,
    }


def _render_turn(reply: Reply, stamp: Stamp) -> Json:
    if not reply.tool:
        return {"content": reply.text}
    call = {
        "id": f"call_{stamp.id}",
        "type": "function",
        "function": {"name": reply.tool, "arguments": json.dumps(dict(reply.arguments))},
    }
    return {"content": reply.text or None, "tool_calls": [call]}


def _render_piece(delta: Json, finish_reason: str | None) -> Json:
    return {"index": 0, "delta": delta, "finish_reason": finish_reason}


def _get_finish_reason(reply: Reply) -> str:
    return "tool_calls" if reply.tool else "stop"
