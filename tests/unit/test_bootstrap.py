"""What is built from the settings, and what they must hold."""

from __future__ import annotations

import os

import pytest
from pydantic import SecretStr

from openhands_testgen import bootstrap, settings
from openhands_testgen.domain.task import Assignment, Model
from openhands_testgen.errors import ConfigurationError, TaskIdError
from openhands_testgen.reporting.live_progress import LiveProgress
from openhands_testgen.reporting.progress import LineProgress, NoProgress


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("INPUT_", "OPENHANDS_", "LLM_", "GITHUB_", "RUNNER_")):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("options", "model"),
    [
        ({"llm_model": "offline"}, Model("offline")),
        ({"llm_model": "a/b", "llm_api_key": "k"}, Model("a/b", "k")),
        ({"llm_model": "a/b", "llm_base_url": "http://h"}, Model("a/b", "", "http://h")),
    ],
)
def test_models(options: dict[str, str], model: Model) -> None:
    assert bootstrap.read_model(options) == model


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({}, "llm-model"),
        ({"llm_api_key": "k"}, "llm-model"),
        ({"llm_model": "a/b"}, "llm-api-key"),
    ],
)
def test_a_model_that_cannot_be_used_names_both_ways_out(
    options: dict[str, str], field: str
) -> None:
    with pytest.raises(ConfigurationError, match="`llm-model: offline`, which needs no") as caught:
        bootstrap.read_model(options)
    assert caught.value.field == field
    assert "LLM_API_KEY" in str(caught.value)


def test_one_assignment_for_each_module() -> None:
    task = settings.read(settings.TaskSettings, {"module": ["a.py", "b.py", "a.py"]})
    assert bootstrap.read_assignments(task) == [
        Assignment("a.py", "", 80),
        Assignment("b.py", "", 80),
    ]


@pytest.mark.parametrize(
    ("options", "field"),
    [({"module": []}, "module"), ({"module": ["a.py", "b.py"], "output": "t.py"}, "output")],
)
def test_assignments_that_cannot_be(options: dict[str, object], field: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        bootstrap.read_assignments(settings.read(settings.TaskSettings, options))
    assert caught.value.field == field


@pytest.mark.parametrize("value", [0, 100.5, -1])
def test_thresholds_that_are_none(value: float) -> None:
    with pytest.raises(ConfigurationError, match=r"^coverage-threshold: "):
        bootstrap.read_threshold(value)


def test_the_choice_of_a_backend_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.choose_backend({"server_url": "http://h"}) == "agent-server"
    assert "backend: agent-server (a server address is set)" in capsys.readouterr().err
    assert bootstrap.choose_backend({}) == "embedded"


def test_the_backend_of_a_foreign_task_id() -> None:
    with pytest.raises(TaskIdError, match="a backend 'teleport', which this version does not"):
        bootstrap.build_backend("teleport", {})


def test_an_agent_server_without_an_address() -> None:
    with pytest.raises(ConfigurationError, match=r"^server-url: "):
        bootstrap.build_backend("agent-server", {})


def test_all_secrets_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bootstrap.read_secrets({}) == ()
    monkeypatch.setenv("SESSION_API_KEY", "one")
    monkeypatch.setenv("OPENHANDS_API_KEY", "two")
    assert set(bootstrap.read_secrets({"llm_api_key": "three"})) == {"one", "two", "three"}


def test_every_secret_setting_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = (settings.ModelSettings, settings.BackendSettings)
    names = [
        (group, name)
        for group in groups
        for name, field in group.model_fields.items()
        if field.annotation is SecretStr
    ]
    for group, name in names:
        monkeypatch.setenv(settings.get_names(group, name)[0], f"planted-{name}")
    assert set(bootstrap.read_secrets({})) == {f"planted-{name}" for _, name in names}


@pytest.mark.parametrize(("options", "is_said"), [({}, True), ({"quiet": "true"}, False)])
def test_who_asks_for_quiet_hears_nothing(
    options: dict[str, str], capsys: pytest.CaptureFixture[str], *, is_said: bool
) -> None:
    bootstrap.build_progress(options).say("RUNNING")
    assert ("RUNNING" in capsys.readouterr().err) is is_said


@pytest.mark.parametrize(
    ("options", "in_actions", "is_terminal", "kind"),
    [
        ({}, False, True, LiveProgress),
        ({}, False, False, LineProgress),
        ({}, True, True, LineProgress),
        ({"quiet": "true"}, False, True, NoProgress),
        ({"quiet": "true"}, True, False, NoProgress),
    ],
)
def test_who_sees_what(
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, str],
    in_actions: bool,
    is_terminal: bool,
    kind: type,
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true" if in_actions else "")
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal, raising=False)
    assert type(bootstrap.build_progress(options)) is kind
