"""The offline model over real HTTP: what it answers, what it refuses, how it ends."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from openhands_testgen.offline.chat import ChatRequest, Reply
from openhands_testgen.offline.model import MAX_BODY_BYTES, PATH, OfflineModel

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "planted-key"
CALL = Reply(tool="terminal", arguments={"command": "ls"})
BODY: dict[str, object] = {"model": "offline", "messages": [{"role": "user", "content": "Hello"}]}


def choose(request: ChatRequest) -> Reply:
    words = request.messages[-1].text
    if words == "break":
        raise ZeroDivisionError
    return CALL if words == "call" else Reply(text=f"You said: {words}")


@pytest.fixture
def model() -> Iterator[OfflineModel]:
    with OfflineModel(choose, KEY) as running:
        yield running


def post(model: OfflineModel, body: object = BODY, key: str = KEY) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(f"{model.base_url}/chat/completions", json=body, headers=headers)


def ask(model: OfflineModel, words: str, **more: object) -> Any:  # noqa: ANN401 - foreign JSON
    response = post(model, {**BODY, "messages": [{"role": "user", "content": words}], **more})
    response.raise_for_status()
    return response.json()


def test_a_text(model: OfflineModel) -> None:
    answer = ask(model, "Hello")
    assert answer["object"] == "chat.completion"
    assert answer["model"] == "offline"
    assert answer["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "You said: Hello"},
            "finish_reason": "stop",
        }
    ]


def test_a_tool_call(model: OfflineModel) -> None:
    (choice,) = ask(model, "call")["choices"]
    (call,) = choice["message"]["tool_calls"]
    assert choice["finish_reason"] == "tool_calls"
    assert (call["type"], call["function"]["name"]) == ("function", "terminal")
    assert json.loads(call["function"]["arguments"]) == {"command": "ls"}


def test_completions_can_be_told_apart(model: OfflineModel) -> None:
    first, second = ask(model, "call"), ask(model, "call")
    assert first["id"] != second["id"]


def test_tokens_are_counted(model: OfflineModel) -> None:
    usage = ask(model, "x" * 400)["usage"]
    assert usage["prompt_tokens"] == 101
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


@pytest.mark.parametrize(("words", "reason"), [("Hello", "stop"), ("call", "tool_calls")])
def test_a_stream(model: OfflineModel, words: str, reason: str) -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}}
    response = post(model, {**BODY, **options, "messages": [{"role": "user", "content": words}]})
    assert response.headers["Content-Type"] == "text/event-stream"
    *pieces, last = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    first, end, usage = map(json.loads, pieces)
    delta = first["choices"][0]["delta"]
    assert last == "[DONE]"
    assert delta["role"] == "assistant"
    assert (delta["content"] or delta["tool_calls"][0]["index"]) in {"You said: Hello", 0}
    assert end["choices"][0]["finish_reason"] == reason
    assert usage["usage"]["total_tokens"] > 0


def test_a_message_in_parts(model: OfflineModel) -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "image_url"}, {"type": "text", "text": "2"}]
    response = post(model, {**BODY, "messages": [{"role": "user", "content": parts}]})
    assert response.json()["choices"][0]["message"]["content"] == "You said: one\n\n2"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": KEY},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Bearer {KEY}x"},
        {"Authorization": "Bearer schl\xfcssel"},
    ],
)
def test_a_wrong_key(model: OfflineModel, headers: dict[str, str]) -> None:
    sent = httpx.Headers(headers, encoding="latin-1")
    response = httpx.post(f"{model.base_url}/chat/completions", json=BODY, headers=sent)
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "invalid_api_key"
    assert KEY not in response.text


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "messages: Field required"),
        ({"messages": []}, "messages: List should have at least 1 item"),
        ({"messages": [{"content": "x"}]}, "messages.0.role: Field required"),
        ([], "Input should be an object"),
    ],
)
def test_a_request_against_the_interface(model: OfflineModel, body: object, message: str) -> None:
    response = post(model, body)
    assert response.status_code == 400
    assert response.json()["error"]["message"].startswith(message)


def test_a_bug_in_a_policy_is_an_answer_too(model: OfflineModel) -> None:
    response = post(model, {**BODY, "messages": [{"role": "user", "content": "break"}]})
    assert response.status_code == 500
    assert response.json()["error"]["message"] == "the offline model failed: ZeroDivisionError"


def request(model: OfflineModel, method: str, path: str, **headers: str) -> tuple[int, object]:
    with closing(http.client.HTTPConnection("127.0.0.1", model.port, timeout=10)) as connection:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in {"Authorization": f"Bearer {KEY}", **headers}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, json.loads(response.read())["error"]["type"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/v1/models", {"Content_Length": "2"}, 404),
        ("POST", "/", {"Content_Length": "2"}, 404),
        ("GET", PATH, {}, 501),
        ("DELETE", PATH, {}, 501),
        ("POST", PATH, {}, 411),
        ("POST", PATH, {"Content_Length": "-1"}, 411),
        ("POST", PATH, {"Transfer_Encoding": "chunked"}, 411),
        ("POST", PATH, {"Content_Length": str(MAX_BODY_BYTES + 1)}, 413),
        ("POST", PATH, {"Content_Length": "9" * 5000}, 413),
    ],
)
def test_refusals_are_json(
    model: OfflineModel, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    assert request(model, method, path, **headers) == (status, "invalid_request_error")


def test_it_prints_nothing(model: OfflineModel, capfd: pytest.CaptureFixture[str]) -> None:
    post(model)
    post(model, key="wrong")
    with socket.create_connection(("127.0.0.1", model.port)) as connection:
        connection.sendall(b"garbage\r\n\r\n")
        assert b"Bad request syntax" in connection.recv(1000)
    with socket.create_connection(("127.0.0.1", model.port)) as connection:
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nContent-Le")
    assert capfd.readouterr() == ("", "")


def test_it_listens_on_loopback_alone(model: OfflineModel) -> None:
    assert model.base_url == f"http://127.0.0.1:{model.port}/v1"


def test_the_end_cuts_connections_that_clients_keep() -> None:
    model = OfflineModel(choose, KEY)
    model.start()
    with httpx.Client(headers={"Authorization": f"Bearer {KEY}"}) as client:
        url = f"{model.base_url}/chat/completions"
        assert client.post(url, json=BODY).is_success
        model.close()
        with pytest.raises(httpx.TransportError):
            client.post(url, json=BODY)
    assert model.port == 0
    model.close()


def test_the_same_port_again() -> None:
    with OfflineModel(choose, KEY) as first:
        port = first.port
        assert post(first).is_success
    second = OfflineModel(choose, KEY)
    second.start(port)
    with closing(second):
        assert second.port == port
        assert post(second).is_success


def test_a_taken_port() -> None:
    with OfflineModel(choose, KEY) as first, pytest.raises(OSError, match="Address already in use"):
        OfflineModel(choose, KEY).start(first.port)
