"""Option, input, environment, default: in that order; empty is unset."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhands_testgen import settings
from openhands_testgen.errors import ConfigurationError


def test_option_input_environment_default(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(**options: object) -> float:
        return settings.read(settings.TaskSettings, options).coverage_threshold

    assert read() == 80
    monkeypatch.setenv("OPENHANDS_TESTGEN_COVERAGE_THRESHOLD", "50")
    assert read() == 50
    monkeypatch.setenv("INPUT_COVERAGE_THRESHOLD", "60")
    assert read() == 60
    assert read(coverage_threshold="70") == 70


def test_empty_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPUT_COVERAGE_THRESHOLD", "")
    monkeypatch.setenv("OPENHANDS_TESTGEN_COVERAGE_THRESHOLD", "55")
    read = settings.read(settings.TaskSettings, {"coverage_threshold": ""})
    assert read.coverage_threshold == 55


@pytest.mark.parametrize(
    ("group", "options", "field"),
    [
        (settings.TaskSettings, {"coverage_threshold": "0"}, "coverage-threshold"),
        (settings.TaskSettings, {"coverage_threshold": "101"}, "coverage-threshold"),
        (settings.TaskSettings, {"coverage_threshold": "abc"}, "coverage-threshold"),
        (settings.TaskSettings, {"coverage_threshold": "nan"}, "coverage-threshold"),
        (settings.TaskSettings, {"max_iterations": "0"}, "max-iterations"),
        (settings.TaskSettings, {"max_cost": "-1"}, "max-cost"),
        (settings.WaitSettings, {"timeout": "soon"}, "timeout"),
        (settings.WaitSettings, {"timeout": "inf"}, "timeout"),
        (settings.WaitSettings, {"poll_interval": "0"}, "poll-interval"),
        (settings.WaitSettings, {"on_timeout": "explode"}, "on-timeout"),
        (settings.WaitSettings, {"fail_on": "sometimes"}, "fail-on"),
        (settings.JudgeSettings, {"mutation_threshold": "101"}, "mutation-threshold"),
        (settings.JudgeSettings, {"reruns": "-1"}, "reruns"),
        (settings.JudgeSettings, {"mutants": "many"}, "mutants"),
        (settings.JudgeSettings, {"verify_timeout": "1"}, "verify-timeout"),
        (settings.JudgeSettings, {"sandbox": "maybe"}, "sandbox"),
        (settings.VerifySettings, {"coverage_threshold": "0"}, "coverage-threshold"),
        (settings.VerifySettings, {"fail_on": "sometimes"}, "fail-on"),
    ],
)
def test_bad_values_name_the_setting(
    group: type[settings.Group], options: dict[str, str], field: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings.read(group, options)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")
    assert next(iter(options.values())) in str(caught.value)


def test_an_input_with_a_bad_value_is_named_like_the_option(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INPUT_COVERAGE_THRESHOLD", "abc")
    with pytest.raises(ConfigurationError, match=r"^coverage-threshold: "):
        settings.read(settings.TaskSettings)


def test_modules_stand_on_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPUT_MODULE", "src/a b.py\n  src/c.py\n\n")
    assert settings.read(settings.TaskSettings).module == ("src/a b.py", "src/c.py")


def test_task_ids_are_separated_by_spaces_or_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPUT_TASK_ID", "v1.a.x v1.a.y\nv1.a.z\n")
    assert settings.read(settings.WaitSettings).task_id == ("v1.a.x", "v1.a.y", "v1.a.z")


@pytest.mark.parametrize(
    ("name", "group", "field"),
    [
        ("LLM_MODEL", settings.ModelSettings, "llm_model"),
        ("LLM_API_KEY", settings.ModelSettings, "llm_api_key"),
        ("LLM_BASE_URL", settings.ModelSettings, "llm_base_url"),
        ("OPENHANDS_API_KEY", settings.BackendSettings, "cloud_api_key"),
        ("OPENHANDS_CLOUD_API_KEY", settings.BackendSettings, "cloud_api_key"),
        ("OPENHANDS_CLOUD_URL", settings.BackendSettings, "cloud_url"),
        ("OPENHANDS_SERVER_URL", settings.BackendSettings, "server_url"),
        ("OPENHANDS_SESSION_API_KEY", settings.BackendSettings, "api_key"),
    ],
)
def test_reads_what_openhands_users_have(
    name: str, group: type[settings.Group], field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "planted-value")
    assert "planted-value" in settings.read(group).model_dump_json() or (
        getattr(settings.read(group), field).get_secret_value() == "planted-value"
    )


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_API_KEY", "planted-secret")
    monkeypatch.setenv("OPENHANDS_API_KEY", "planted-secret")
    shown = repr(settings.read(settings.ModelSettings)) + str(
        settings.read(settings.BackendSettings)
    )
    assert "planted-secret" not in shown


def test_secrets_are_no_options() -> None:
    assert settings.get_options(settings.ModelSettings) == ("llm_model", "llm_base_url")
    assert settings.get_options(settings.BackendSettings) == (
        "backend",
        "server_url",
        "cloud_url",
        "cloud_auth",
    )


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"HOME": "/home/u"}, "/home/u/.local/state/openhands-testgen"),
        ({"HOME": "/home/u", "XDG_STATE_HOME": "/s"}, "/s/openhands-testgen"),
        ({"XDG_STATE_HOME": "/s", "RUNNER_TEMP": "/t"}, "/t/openhands-testgen"),
        ({"RUNNER_TEMP": "/t", "OPENHANDS_TESTGEN_STATE_DIR": "/mine"}, "/mine"),
    ],
)
def test_state_folder(
    environment: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert settings.read(settings.PlaceSettings).state_folder == Path(folder)


def test_results_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = settings.read(settings.PlaceSettings, {"working_directory": str(tmp_path)})
    assert place.results_folder == tmp_path / ".testgen-results"
    monkeypatch.setenv("RUNNER_TEMP", "/t")
    assert settings.read(settings.PlaceSettings).results_folder == Path(
        "/t/openhands-testgen-results"
    )
    place = settings.read(settings.PlaceSettings, {"results": "/r"})
    assert place.results_folder == Path("/r")


@pytest.mark.parametrize("unset", [None, "", (), []])
def test_an_option_that_was_not_given_leaves_the_environment_its_say(
    monkeypatch: pytest.MonkeyPatch, unset: object
) -> None:
    monkeypatch.setenv("INPUT_TASK_ID", "v1.a.b v1.c.d")
    assert settings.read(settings.WaitSettings, {"task_id": unset}).task_id == ("v1.a.b", "v1.c.d")
