"""What is read from the settings, and what they must hold."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from openhands_testgen import inputs, settings
from openhands_testgen.domain.task import Assignment, Model
from openhands_testgen.errors import ConfigurationError


@pytest.mark.parametrize(
    ("options", "model"),
    [
        ({"llm_model": "offline"}, Model("offline")),
        ({"llm_model": "a/b", "llm_api_key": "k"}, Model("a/b", "k")),
        ({"llm_model": "a/b", "llm_base_url": "http://h"}, Model("a/b", "", "http://h")),
    ],
)
def test_models(options: dict[str, str], model: Model) -> None:
    assert inputs.read_model(options) == model


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
        inputs.read_model(options)
    assert caught.value.field == field
    assert "LLM_API_KEY" in str(caught.value)


def test_one_assignment_for_each_module() -> None:
    task = settings.read(settings.TaskSettings, {"module": ["a.py", "b.py", "a.py"]})
    assert inputs.read_assignments(task) == [
        Assignment("a.py", "", 80),
        Assignment("b.py", "", 80),
    ]


@pytest.mark.parametrize(
    ("options", "field"),
    [({"module": []}, "module"), ({"module": ["a.py", "b.py"], "output": "t.py"}, "output")],
)
def test_assignments_that_cannot_be(options: dict[str, object], field: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        inputs.read_assignments(settings.read(settings.TaskSettings, options))
    assert caught.value.field == field


@pytest.mark.parametrize("value", [0, 100.5, -1])
def test_thresholds_that_are_none(value: float) -> None:
    with pytest.raises(ConfigurationError, match=r"^coverage-threshold: "):
        inputs.read_threshold(value)


def test_all_secrets_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert inputs.read_secrets({}) == ()
    monkeypatch.setenv("SESSION_API_KEY", "one")
    monkeypatch.setenv("OPENHANDS_API_KEY", "two")
    assert set(inputs.read_secrets({"llm_api_key": "three"})) == {"one", "two", "three"}


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
    assert set(inputs.read_secrets({})) == {f"planted-{name}" for _, name in names}
