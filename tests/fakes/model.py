"""A language model that follows a script, faults included, over real HTTP on loopback."""

from __future__ import annotations

import base64
import shlex
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import PurePosixPath

from openhands_testgen.offline.chat import ChatRequest, Reply
from openhands_testgen.offline.model import Answer, OfflineModel, refuse

KEY = "planted-model-key-0123456789"
NAME = "openai/fake"
PATIENCE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong in place of a turn: a status, or ``hang``, ``cut`` or ``garbage``.

    After so many ``times``, and for another ``model`` where one is named, the turn is ``then``.
    """

    status: int = 0
    kind: str = ""
    times: int = 1_000_000
    then: Reply = field(default_factory=Reply)
    model: str = ""


class FakeModel(OfflineModel):
    """Takes one turn of the script for each turn of a conversation, and the last one for ever.

    It counts the turns that the request shows, so that one model serves many conversations and a
    repeated request gets the same turn.
    """

    def __init__(self, *script: Reply | Fault) -> None:
        """Take the script."""
        super().__init__(self._play, KEY)
        self._script = script
        self.bodies: list[bytes] = []
        self._asked = threading.Condition()
        self._released = threading.Event()

    @property
    def turns(self) -> list[int]:
        """Which turn of its conversation each request asked for."""
        return [count_turns(ChatRequest.model_validate_json(body)) for body in self.bodies]

    def wait_for_turn(self, turn: int) -> None:
        """Wait until some conversation has come to a turn, counted from 0."""
        with self._asked:
            assert self._asked.wait_for(lambda: turn in self.turns, PATIENCE_SECONDS)

    def close(self) -> None:
        """Let go of requests that hang, and stop."""
        self._released.set()
        super().close()

    def answer(self, body: bytes) -> Answer:
        """Fail if the script says so, else play on."""
        with self._asked:
            self.bodies.append(body)
            self._asked.notify_all()
        turn = self._find(ChatRequest.model_validate_json(body))
        return self._fail(turn) if isinstance(turn, Fault) else super().answer(body)

    def _find(self, request: ChatRequest) -> Reply | Fault:
        number = count_turns(request)
        turn = self._script[min(number, len(self._script) - 1)]
        if not isinstance(turn, Fault):
            return turn
        if self.turns.count(number) > turn.times or turn.model not in {"", request.model}:
            return turn.then
        return turn

    def _play(self, request: ChatRequest) -> Reply:
        turn = self._find(request)
        assert isinstance(turn, Reply)
        return turn

    def _fail(self, fault: Fault) -> Answer:
        if fault.status:
            kind, code, message = _WORDS[fault.status]
            return refuse(HTTPStatus(fault.status), message, kind=kind, code=code)
        if fault.kind == "garbage":
            return Answer(HTTPStatus.OK, b"<html>no completion</html>", "text/html")
        if fault.kind == "hang":
            self._released.wait(300)
        raise ConnectionAbortedError


# In a provider's own words, for clients tell errors by them; they show the key, or parts of it.
_WORDS = {
    404: (
        "invalid_request_error",
        "model_not_found",
        "The model does not exist or you do not have access to it.",
    ),
    401: (
        "invalid_request_error",
        "invalid_api_key",
        f"Incorrect API key provided: {KEY}. You can find your API key at https://example.invalid.",
    ),
    429: (
        "requests",
        "rate_limit_exceeded",
        f"Rate limit reached for key {KEY}. Please try again in 20s.",
    ),
    500: ("server_error", None, f"The server had an error while processing the key {KEY}."),
}


def count_turns(request: ChatRequest) -> int:
    """Count what the model has said so far."""
    return sum(message.role == "assistant" for message in request.messages)


def run(command: str) -> Reply:
    """Have the agent run a command in the project's folder."""
    return Reply(tool="terminal", arguments={"command": command})


def write(path: str, content: bytes) -> Reply:
    """Have the agent write a file, byte for byte."""
    encoded = base64.b64encode(content).decode()
    return run(f"{_make_folder(path)} && echo {encoded} | base64 -d > {shlex.quote(path)}")


def grow(path: str, size_bytes: int) -> Reply:
    """Have the agent write a file of some size."""
    source = f"head -c {size_bytes} /dev/zero | tr '\\0' x"
    return run(f"{_make_folder(path)} && {source} > {shlex.quote(path)}")


def link(path: str, target: str) -> Reply:
    """Have the agent make a symbolic link."""
    return run(f"{_make_folder(path)} && ln -sfn {shlex.quote(target)} {shlex.quote(path)}")


def delete(path: str) -> Reply:
    """Have the agent delete a file."""
    return run(f"rm -f -- {shlex.quote(path)}")


def say(text: str) -> Reply:
    """Have the agent say something, which ends its run."""
    return Reply(text=text)


def finish(message: str = "All done.") -> Reply:
    """Have the agent finish."""
    return Reply(tool="finish", arguments={"message": message})


def _make_folder(path: str) -> str:
    return f"mkdir -p -- {shlex.quote(str(PurePosixPath(path).parent))}"
