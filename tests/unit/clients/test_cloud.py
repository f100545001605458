"""The client against recorded answers of a real service, and against a faulty fake one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import pytest

from openhands_testgen.clients.cloud import CloudClient, Scheme
from openhands_testgen.clients.http import Patience
from openhands_testgen.errors import (
    AuthenticationError,
    BackendError,
    BackendUnreachableError,
    ConfigurationError,
    GenerationError,
    TaskIdError,
)
from tests.fakes.cloud import KEY, FakeCloud
from tests.fakes.contract import SAMPLES
from tests.fakes.http import FakeServer, Fault, Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

pytestmark = pytest.mark.anyio
HASTE = Patience(request_seconds=0.5, connect_seconds=0.5, first_retry_seconds=0.01)
ID = f"{5:032x}"
FOLDER = "/workspace/project/shop"


@dataclass
class Sample:
    """One recorded exchange."""

    method: str
    path: str
    status: int
    content: object

    @classmethod
    def read(cls, line: str) -> Self:
        """Read a line of the record."""
        exchange = json.loads(line)
        asked, answered = exchange["request"], exchange["response"]
        return cls(asked["method"], asked["path"], answered["status"], answered["body"])


RECORD = [Sample.read(line) for line in SAMPLES.read_text("utf-8").splitlines()]


@dataclass
class Replay(FakeServer):
    """Answers every request with one sample."""

    status: int = 200
    content: object = None

    def answer(self, request: Request) -> tuple[int, object]:
        """Answer; what was no JSON was recorded as text."""
        assert request.headers["authorization"] == f"Bearer {KEY}"
        raw = self.content.get("_raw") if isinstance(self.content, dict) else None
        return self.status, raw.encode() if isinstance(raw, str) else self.content


type Call = Callable[[CloudClient], Awaitable[object]]
# Which call of ours a recorded path belongs to; the others are calls that we do not make.
CALLS: dict[tuple[str, str], Call] = {
    ("POST", r"app-conversations"): lambda client: client.start({}),
    ("GET", r"app-conversations(\?ids=.*)?"): lambda client: client.get_conversations([ID]),
    ("GET", r"app-conversations/start-tasks\?.*"): lambda client: client.get_start_tasks([ID]),
    ("GET", r".*/start-tasks/search.*"): lambda client: client.find_newest_start_tasks(),
    ("GET", r".*/events/search.*"): lambda client: client.get_newest_events(ID, "ActionEvent"),
    ("GET", r".*/events/count"): lambda client: client.get_event_count(ID, "ActionEvent"),
    ("GET", r".*/file\?.*"): lambda client: client.read_file(ID, "/a"),
    ("GET", r".*/git/changes.*"): lambda client: client.get_changes(ID, FOLDER, "HEAD"),
    ("GET", r".*/download"): lambda client: client.download_trajectory(ID),
    ("POST", r".*/send-message"): lambda client: client.send_message(ID, "hi"),
    ("POST", r".*/pause"): lambda client: client.pause_sandbox(ID),
    ("POST", r".*/resume"): lambda client: client.resume_sandbox(ID),
    ("DELETE", r"sandboxes/.*"): lambda client: client.delete_sandbox(ID),
}


def find_call(sample: Sample) -> Call | None:
    """Find our call for an exchange."""
    for (method, pattern), call in CALLS.items():
        if method == sample.method and re.fullmatch(f"/api/v1/{pattern}", sample.path):
            return call
    return None


OURS = [(sample, call) for sample in RECORD if (call := find_call(sample)) is not None]
UNDERSTOOD = [pair for pair in OURS if pair[0].status == 200]
REFUSED = [pair for pair in OURS if pair[0].status != 200]


def name(pair: tuple[Sample, Call]) -> str:
    return f"{pair[0].method} {pair[0].path}"


async def ask(sample: Sample, call: Call) -> object:
    with Replay(status=sample.status, content=sample.content) as server:
        async with CloudClient(server.url, KEY, "bearer", HASTE) as client:
            return await call(client)


def test_the_record_has_most_of_our_calls() -> None:
    assert (len(UNDERSTOOD), len(REFUSED)) == (25, 8)
    assert {call for _, call in OURS} == set(CALLS.values())


@pytest.mark.parametrize(("sample", "call"), UNDERSTOOD, ids=map(name, UNDERSTOOD))
async def test_every_recorded_answer_is_understood(sample: Sample, call: Call) -> None:
    await ask(sample, call)


@pytest.mark.parametrize(("sample", "call"), REFUSED, ids=map(name, REFUSED))
async def test_every_recorded_refusal_is_restated(sample: Sample, call: Call) -> None:
    if sample.status == 404 and sample.method == "DELETE":
        await ask(sample, call)  # what is gone is gone
        return
    with pytest.raises(GenerationError, match=rf"\({sample.status}\)|with {sample.status}"):
        await ask(sample, call)


async def test_a_recorded_start_that_failed() -> None:
    (failed,) = [one for one, _ in OURS if "Agent Server Failed" in str(one.content)]
    with Replay(content=failed.content) as server:
        async with CloudClient(server.url, KEY, "bearer", HASTE) as client:
            (start,) = await client.get_start_tasks([ID])
    assert start is not None
    assert (start.status, start.detail) == ("ERROR", "500: Agent Server Failed to start properly")


async def test_a_recorded_conversation_hides_its_key() -> None:
    content = next(one.content for one, _ in OURS if "not-a-real-session-key" in str(one.content))
    with Replay(content=content) as server:
        async with CloudClient(server.url, KEY, "bearer", HASTE) as client:
            (conversation,) = await client.get_conversations([ID])
    assert conversation is not None
    assert conversation.session_api_key is not None
    assert conversation.session_api_key.get_secret_value() == "not-a-real-session-key"
    assert "not-a-real" not in f"{conversation} {conversation!r} {conversation.model_dump_json()}"


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with FakeCloud() as running:
        yield running


async def look(cloud: FakeCloud, key: str = KEY, scheme: Scheme = "bearer") -> object:
    async with CloudClient(cloud.url, key, scheme, HASTE) as client:
        return await client.get_conversations([ID])


async def test_an_unknown_conversation_is_none(cloud: FakeCloud) -> None:
    assert await look(cloud) == [None]


async def test_a_self_hosted_server_takes_its_key_in_another_header(cloud: FakeCloud) -> None:
    cloud.scheme = "session"
    assert await look(cloud, scheme="session") == [None]
    with pytest.raises(AuthenticationError, match="`cloud-auth: session`"):
        await look(cloud)


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        (Fault(status=401), AuthenticationError, r"refuses the key \(401\).*OPENHANDS_API_KEY"),
        (Fault(status=403), AuthenticationError, r"refuses the key \(403\)"),
        (Fault(status=429), BackendUnreachableError, r"takes no more requests now \(429\)"),
        (Fault(status=500), BackendUnreachableError, r"failed on /api/v1/app-conv.* \(500\)"),
        (Fault(status=503), BackendUnreachableError, r"\(503\)"),
        (Fault(status=404), BackendError, "with 404. Is `cloud-url` an OpenHands app server"),
        (Fault(status=302), BackendError, "with 302"),
        (Fault(kind="garbage"), BackendError, "something else than OpenHands' contract says"),
        (Fault(kind="cut"), BackendUnreachableError, "does not answer"),
        (Fault(kind="hang"), BackendUnreachableError, r"does not answer \(time-out\)"),
    ],
)
async def test_faults(
    cloud: FakeCloud, fault: Fault, error: type[GenerationError], message: str
) -> None:
    cloud.faults.append(fault)
    with pytest.raises(error, match=message) as caught:
        await look(cloud)
    assert type(caught.value) is error
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("status", [404, 410])
async def test_what_is_gone_is_an_unknown_task(cloud: FakeCloud, status: int) -> None:
    cloud.faults.append(Fault(status=status))
    async with CloudClient(cloud.url, KEY, "bearer", HASTE) as client:
        for call in (client.resume_sandbox(ID), client.send_message(ID, "x")):
            with pytest.raises(TaskIdError, match="no longer has"):
                await call


@pytest.mark.parametrize(
    ("fault", "requests"),
    [
        (Fault(status=429, headers={"Retry-After": "0"}), HASTE.tries),
        (Fault(status=503), 1),
        (Fault(kind="cut"), 1),
        (Fault(kind="hang"), 1),
    ],
)
async def test_a_start_is_repeated_only_where_it_was_refused(
    cloud: FakeCloud, fault: Fault, requests: int
) -> None:
    cloud.faults.append(fault)
    async with CloudClient(cloud.url, KEY, "bearer", HASTE) as client:
        with pytest.raises(BackendUnreachableError):
            await client.start({})
    assert len(cloud.requests) == requests


async def test_a_server_that_answers_too_few_breaks_its_contract() -> None:
    with Replay(content=[None]) as server:
        async with CloudClient(server.url, KEY, "bearer", HASTE) as client:
            with pytest.raises(BackendError, match="answered 1 of 2 ids"):
                await client.get_start_tasks([ID, f"{6:032x}"])


async def test_nobody_there() -> None:
    async with CloudClient("http://127.0.0.1:9", KEY, "bearer", HASTE) as client:
        with pytest.raises(BackendUnreachableError, match="Check the network and `cloud-url`"):
            await client.find_newest_start_tasks()
        with pytest.raises(BackendUnreachableError):
            await client.start({})


async def test_a_sandbox_cannot_lead_to_another_path(cloud: FakeCloud) -> None:
    async with CloudClient(cloud.url, KEY, "bearer", HASTE) as client:
        with pytest.raises(TaskIdError):
            await client.pause_sandbox("../../users/me")
    assert cloud.requests == [("POST", "/api/v1/sandboxes/..%2F..%2Fusers%2Fme/pause")]


@pytest.mark.parametrize("address", ["", "app.all-hands.dev", "ftp://x", "https://u:p@host"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^cloud-url: ") as caught:
        CloudClient(address, KEY, "bearer")
    assert "u:p" not in str(caught.value)
