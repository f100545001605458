"""The task id is untrusted when it comes back."""

from __future__ import annotations

import base64
import json
import re

import pytest

from openhands_testgen.domain.task_id import TaskId, is_safe_path, parse_task_id
from openhands_testgen.errors import TaskIdError


def make_task_id(**changes: object) -> TaskId:
    content: dict[str, object] = {
        "backend": "agent-server",
        "conversation_id": "0123456789abcdef0123456789abcdef",
        "module_path": "src/shop/prices.py",
        "output_path": "tests/test_prices.py",
        "coverage_threshold": 80,
        "created_at": 1_700_000_000,
        "module_digest": "0123456789abcdef",
        "output_digest": "-",
    }
    return TaskId.model_validate({**content, **changes})


def forge(payload: object, backend: str = "embedded") -> str:
    text = json.dumps(payload).encode()
    return f"v1.{backend}.{base64.urlsafe_b64encode(text).decode().rstrip('=')}"


def test_survives_the_round_trip() -> None:
    task_id = make_task_id(reference={"start": "abc-1"})
    assert parse_task_id(str(task_id)) == task_id


def test_has_only_characters_that_job_outputs_keep() -> None:
    assert re.fullmatch(r"[A-Za-z0-9._-]+", str(make_task_id(module_path="src/ö/{x}.py")))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "v1",
        "v1.embedded",
        "v1.embedded.",
        "v1..abc",
        "v1.EMBEDDED.abc",
        "v1.e.a b",
        "$(id)",
    ],
)
def test_refuses_what_has_not_the_form(text: str) -> None:
    with pytest.raises(TaskIdError, match="malformed"):
        parse_task_id(text)


def test_refuses_a_huge_id() -> None:
    with pytest.raises(TaskIdError, match="malformed"):
        parse_task_id("v1.embedded." + "a" * 100_000)


def test_every_truncation_is_refused() -> None:
    whole = str(make_task_id())
    for length in range(len(whole)):
        with pytest.raises(TaskIdError):
            parse_task_id(whole[:length])


def test_names_a_later_version() -> None:
    later = str(make_task_id()).replace("v1.", "v2.", 1)
    with pytest.raises(TaskIdError, match="version v2"):
        parse_task_id(later)


def test_says_to_pass_the_id_as_it_was_printed() -> None:
    with pytest.raises(TaskIdError, match="exactly as `submit` printed it"):
        parse_task_id(forge([1, 2]))


@pytest.mark.parametrize(
    "change",
    [
        {"module_path": "../secret.py"},
        {"module_path": "/etc/passwd"},
        {"output_path": "tests/../../x.py"},
        {"output_path": ".git/hooks/test_x.py"},
        {"output_path": "C:/x.py"},
        {"output_path": "tests\\test_x.py"},
        {"output_path": "tests/test_\u202ex.py"},
        {"module_path": "a\nb.py"},
    ],
)
def test_refuses_paths_that_leave_the_project(change: dict[str, str]) -> None:
    forged = str(make_task_id().model_copy(update=change))
    with pytest.raises(TaskIdError, match="leaves the project"):
        parse_task_id(forged)


@pytest.mark.parametrize(
    "change",
    [
        {"c": "../../x"},
        {"c": "0123"},
        {"t": 101},
        {"t": "x"},
        {"a": -1},
        {"h": "zz"},
        {"extra": 1},
        {"r": {"a": "b c"}},
        {"r": {str(number): "x" for number in range(20)}},
    ],
)
def test_refuses_forged_content(change: dict[str, object]) -> None:
    content = make_task_id().model_dump(by_alias=True)
    with pytest.raises(TaskIdError, match="damaged"):
        parse_task_id(forge({**content, **change}))


def test_an_embedded_backend_in_the_payload_does_not_win() -> None:
    content = make_task_id().model_dump(by_alias=True)
    forged = forge({**content, "backend": "other"}, backend="embedded")
    assert parse_task_id(forged).backend == "embedded"


def test_holds_no_secret_and_no_address() -> None:
    payload = str(make_task_id()).rpartition(".")[2]
    content = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert set(content) == {"a", "c", "h", "m", "o", "r", "t", "x"}


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("a.py", True),
        ("src/a.py", True),
        ("src//a.py", False),
        ("./a.py", False),
        ("a/..", False),
        ("", False),
        ("a\0b", False),
    ],
)
def test_safe_paths(path: str, safe: bool) -> None:
    assert is_safe_path(path) is safe
