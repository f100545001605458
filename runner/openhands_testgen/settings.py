"""The only reader of the environment.

A setting is an option of the command line, an input of the actions and an environment variable of
one name: ``coverage-threshold``, ``INPUT_COVERAGE_THRESHOLD``,
``OPENHANDS_TESTGEN_COVERAGE_THRESHOLD``. The first one that is not empty counts, in that order, and
then what OpenHands' own users have already (``LLM_MODEL``). Small groups instead of one large
object: no part of the program can take the whole.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)

from openhands_testgen.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

FailOn = Literal["weak", "rejected", "failed", "never"]
OnTimeout = Literal["fail", "cancel"]
Mode = Literal["wait", "cancel"]
Deliver = Literal["none", "commit", "pull-request"]
CloudAuth = Literal["bearer", "session"]
CLOUD_URL = "https://app.all-hands.dev"
Sandbox = Literal["auto", "required"]


def _aliases(name: str, *known: str) -> AliasChoices:
    """Return the environment names of one setting in order: input, our own, what users have."""
    upper = name.upper()
    return AliasChoices(f"INPUT_{upper}", f"OPENHANDS_TESTGEN_{upper}", *known)


def _split_lines(value: object) -> object:
    return value.splitlines() if isinstance(value, str) else value


def _split_words(value: object) -> object:
    """Split an input, or each argument: a shell may hand several ids over in one."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list):
        return value
    return [word for text in texts for word in str(text).split()]


def _split_names(value: object) -> object:
    """Split names at commas, spaces and lines; each counts once."""
    if not isinstance(value, str):
        return value
    return tuple(dict.fromkeys(value.replace(",", " ").split()))


# Settings of more than one command.
_COVERAGE_THRESHOLD: float = Field(
    80,
    gt=0,
    le=100,
    validation_alias=_aliases("coverage_threshold"),
    description="lines and branches of the module that the tests must reach, in percent",
)
_FAIL_ON: FailOn = Field(
    "rejected",
    validation_alias=_aliases("fail_on"),
    description="what fails the step: `weak`, `rejected`, `failed` (no tests) or `never`",
)


# What an option is when nobody gave it.
_UNSET: tuple[object, ...] = (None, "", (), [])


class Group(BaseModel):
    """Settings that belong together."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        defer_build=True,  # a command reads only a few of the groups
    )


class TaskSettings(Group):
    """What to write tests for."""

    module: Annotated[tuple[str, ...], BeforeValidator(_split_lines)] = Field(
        (), validation_alias=_aliases("module"), description="module to test; several on lines"
    )
    output: str = Field(
        "", validation_alias=_aliases("output"), description="test file to write (one module only)"
    )
    coverage_threshold: float = _COVERAGE_THRESHOLD
    instructions: str = Field(
        "",
        max_length=20_000,
        validation_alias=_aliases("instructions"),
        description="what else the agent should know, in your words",
    )
    max_iterations: int = Field(
        50,
        ge=1,
        le=500,
        validation_alias=_aliases("max_iterations"),
        description="steps that the agent may take",
    )
    max_cost: float | None = Field(
        None,
        gt=0,
        validation_alias=_aliases("max_cost"),
        description="US dollars that the agent may spend (where the model's price is known)",
    )

    @field_validator("module")
    @classmethod
    def _drop_blank(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(line.strip() for line in value if line.strip())


class ModelSettings(Group):
    """The language model, named as OpenHands names it."""

    llm_model: Annotated[tuple[str, ...], BeforeValidator(_split_names)] = Field(
        (),
        validation_alias=_aliases("llm_model", "LLM_MODEL"),
        description="the model, as OpenHands names it; `offline` needs no key; of several, each "
        "goes on when the one before it is rate limited, overloaded or missing",
    )
    llm_api_key: SecretStr = Field(
        SecretStr(""),
        validation_alias=_aliases("llm_api_key", "LLM_API_KEY"),
        description="the model's key",
    )
    llm_base_url: str = Field(
        "",
        validation_alias=_aliases("llm_base_url", "LLM_BASE_URL"),
        description="the model's address, if it is not the provider's own",
    )
    llm_num_retries: int = Field(4, ge=1, le=20, validation_alias="LLM_NUM_RETRIES")
    llm_timeout: int = Field(300, ge=1, le=3_600, validation_alias="LLM_TIMEOUT")


class BackendSettings(Group):
    """Who runs the agent, and how to reach it."""

    backend: str = Field(
        "",
        validation_alias=_aliases("backend"),
        description="`cloud`, `agent-server` or `embedded`; the first one whose key or address is "
        "set, if left out",
    )
    server_url: str = Field(
        "",
        validation_alias=_aliases("server_url", "OPENHANDS_SERVER_URL"),
        description="address of a running OpenHands agent server",
    )
    api_key: SecretStr = Field(
        SecretStr(""),
        validation_alias=_aliases("api_key", "OPENHANDS_SESSION_API_KEY", "SESSION_API_KEY"),
        description="session key of that server",
    )
    cloud_api_key: SecretStr = Field(
        SecretStr(""),
        validation_alias=_aliases("cloud_api_key", "OPENHANDS_API_KEY", "OPENHANDS_CLOUD_API_KEY"),
        description="key of OpenHands Cloud, or of a self-hosted app server",
    )
    cloud_url: str = Field(
        CLOUD_URL,
        validation_alias=_aliases("cloud_url", "OPENHANDS_CLOUD_URL"),
        description="address of OpenHands Cloud, or of a self-hosted app server",
    )
    cloud_auth: CloudAuth = Field(
        "bearer",
        validation_alias=_aliases("cloud_auth"),
        description="how the key is sent there: `bearer`, or `session` to a self-hosted app server",
    )


class ModeSettings(Group):
    """What a collect is for."""

    mode: Mode = Field(
        "wait",
        validation_alias=_aliases("mode"),
        description="`wait` for the tasks, or `cancel` them: for a job with `if: cancelled()`",
    )


class WaitSettings(Group):
    """Which tasks to wait for, and how long."""

    task_id: Annotated[tuple[str, ...], BeforeValidator(_split_words)] = Field(
        (),
        validation_alias=_aliases("task_id"),
        description="the task id that submit printed; several separated by spaces or lines",
    )
    timeout: float = Field(
        600,
        gt=0,
        le=86_400,
        validation_alias=_aliases("timeout"),
        description="seconds to wait for the agent",
    )
    poll_interval: float = Field(
        5,
        ge=0.1,
        le=300,
        validation_alias=_aliases("poll_interval"),
        description="seconds between two looks, at most",
    )
    on_timeout: OnTimeout = Field(
        "fail",
        validation_alias=_aliases("on_timeout"),
        description=(
            "when the time is up, or a task does not move any more: `fail` lets the agent go on, "
            "`cancel` stops it"
        ),
    )
    max_repairs: int = Field(
        1,
        ge=0,
        le=5,
        validation_alias=_aliases("max_repairs"),
        description="how often the agent is told what is wrong with its tests and mends them",
    )
    fail_on: FailOn = _FAIL_ON


class JudgeSettings(Group):
    """How the verdict is reached."""

    python: str = Field(
        "python3",
        validation_alias=_aliases("python"),
        description="the interpreter that has the project's dependencies",
    )
    mutation_threshold: float = Field(
        50,
        ge=0,
        le=100,
        validation_alias=_aliases("mutation_threshold"),
        description="mutants that the tests must kill, in percent; below that they are weak",
    )
    reruns: int = Field(
        5,
        ge=0,
        le=100,
        validation_alias=_aliases("reruns"),
        description="shuffled runs that each test must pass",
    )
    mutants: int = Field(
        100,
        ge=0,
        le=10_000,
        validation_alias=_aliases("mutants"),
        description="mutants to try, at most; 0 tries none",
    )
    verify_timeout: float = Field(
        300,
        ge=5,
        le=86_400,
        validation_alias=_aliases("verify_timeout"),
        description="seconds for the verdict on one module",
    )
    sandbox: Sandbox = Field(
        "auto",
        validation_alias=_aliases("sandbox"),
        description="`auto` warns where a protection is missing, `required` runs nothing then",
    )


class VerifySettings(Group):
    """Which test file to judge without an agent."""

    module: str = Field(
        "", validation_alias=_aliases("module"), description="module that the tests are for"
    )
    tests: str = Field("", validation_alias=_aliases("tests"), description="test file to judge")
    coverage_threshold: float = _COVERAGE_THRESHOLD
    fail_on: FailOn = _FAIL_ON


class PublishSettings(Group):
    """What becomes of the results on GitHub, beside the check run."""

    comment: bool = Field(
        default=False,
        validation_alias=_aliases("comment"),
        description="`true` keeps one comment on the pull request up to date",
    )
    deliver: Deliver = Field(
        "none",
        validation_alias=_aliases("deliver"),
        description="where accepted tests go: `none` (the working directory alone), `commit` (on "
        "the branch) or `pull-request` (one of their own, against the branch)",
    )


class PlaceSettings(Group):
    """Where things are on this machine."""

    working_directory: Path = Field(
        Path(),
        validation_alias=_aliases("working_directory"),
        description="the project's folder",
    )
    results: Path | None = Field(
        None,
        validation_alias="OPENHANDS_TESTGEN_RESULTS",
        description="the results folder",
    )
    state_dir: Path | None = Field(
        None,
        validation_alias=_aliases("state_dir"),
        description="folder of the embedded engine, to share it between jobs of one machine",
    )
    quiet: bool = Field(
        default=False,
        validation_alias="OPENHANDS_TESTGEN_QUIET",
        description="says nothing while it works; results and errors stay",
    )
    runner_temp: Path | None = Field(None, validation_alias="RUNNER_TEMP")
    home: Path | None = Field(None, validation_alias="HOME")
    xdg_state_home: Path | None = Field(None, validation_alias="XDG_STATE_HOME")

    @property
    def state_folder(self) -> Path:
        """The embedded engine's folder: named, else the job's own, else the user's."""
        if self.state_dir:
            return self.state_dir.absolute()
        if self.runner_temp:
            return self.runner_temp / "openhands-testgen"
        base = self.xdg_state_home or (self.home or Path.home()) / ".local" / "state"
        return base / "openhands-testgen"

    @property
    def results_folder(self) -> Path:
        """The results folder: named, else the job's own, else one beside the project's files."""
        if self.results:
            return self.results.absolute()
        if self.runner_temp:
            return self.runner_temp / "openhands-testgen-results"
        return self.working_directory.absolute() / ".testgen-results"


class EngineSettings(Group):
    """How the embedded engine lives."""

    engine_idle: float = Field(
        60,
        ge=0,
        le=86_400,
        validation_alias="OPENHANDS_TESTGEN_ENGINE_IDLE",
        description="seconds that an embedded engine without work stays",
    )


class ActionsSettings(Group):
    """What GitHub Actions tells its steps; all empty elsewhere."""

    is_actions: bool = Field(default=False, validation_alias="GITHUB_ACTIONS")
    repository: str = Field("", validation_alias="GITHUB_REPOSITORY")
    run_id: str = Field("", validation_alias="GITHUB_RUN_ID")
    run_attempt: str = Field("", validation_alias="GITHUB_RUN_ATTEMPT")
    job: str = Field("", validation_alias="GITHUB_JOB")
    commit: str = Field("", validation_alias="GITHUB_SHA")
    ref: str = Field("", validation_alias="GITHUB_REF")
    head_ref: str = Field("", validation_alias="GITHUB_HEAD_REF")
    output_file: Path | None = Field(None, validation_alias="GITHUB_OUTPUT")
    summary_file: Path | None = Field(None, validation_alias="GITHUB_STEP_SUMMARY")


class EventSettings(Group):
    """What set the workflow off."""

    event_name: str = Field("", validation_alias="GITHUB_EVENT_NAME")
    event_path: Path | None = Field(None, validation_alias="GITHUB_EVENT_PATH")
    sha: str = Field("", validation_alias="GITHUB_SHA")
    ref: str = Field("", validation_alias="GITHUB_REF")
    actor: str = Field("", validation_alias="GITHUB_ACTOR")


class GitHubSettings(Group):
    """How to reach GitHub. Only the step that publishes has the token."""

    token: SecretStr = Field(SecretStr(""), validation_alias="GITHUB_TOKEN")
    api_url: str = Field("https://api.github.com", validation_alias="GITHUB_API_URL")
    page_url: str = Field("https://github.com", validation_alias="GITHUB_SERVER_URL")
    workflow: str = Field("", validation_alias="GITHUB_WORKFLOW")


def read[AGroup: Group](group: type[AGroup], options: Mapping[str, object] | None = None) -> AGroup:
    """Read one group; ``options`` are those given on the command line or by keyword.

    Raises:
        ConfigurationError: a value is not allowed; the message names the setting.

    """
    given = {
        name: _find_value(group, name, (options or {}).get(name)) for name in group.model_fields
    }
    try:
        return group.model_validate({name: one for name, one in given.items() if one not in _UNSET})
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        raise ConfigurationError(_render_problem(first), field=_find_setting(group, first)) from exc


def _find_value(group: type[Group], field: str, option: object) -> object:
    """Find a setting's value: the option, else the first variable that is not empty."""
    if option not in _UNSET:
        return option
    return next(filter(None, map(os.environ.get, get_names(group, field))), None)


def read_child_environment() -> dict[str, str]:
    """Return this process's environment, for child processes that pick from it by a list."""
    return dict(os.environ)


def get_names(group: type[Group], field: str) -> tuple[str, ...]:
    """Return the names under which a setting is read from the environment, in order."""
    alias = group.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(choice for choice in alias.choices if isinstance(choice, str))
    return (alias,) if isinstance(alias, str) else (field,)


def get_options(group: type[Group]) -> tuple[str, ...]:
    """Return the settings of a group that are options of the command line: no secret is."""
    return tuple(
        name
        for name, field in group.model_fields.items()
        if field.description and field.annotation is not SecretStr and name != "task_id"
    )


def _find_setting(group: type[Group], problem: ErrorDetails) -> str:
    place = str(problem["loc"][0]) if problem["loc"] else ""
    for field in group.model_fields:
        if place == field or place in get_names(group, field):
            return field.replace("_", "-")
    return place


def _render_problem(problem: ErrorDetails) -> str:
    """Say what is wrong without the value where it could be a secret (all secrets are strings)."""
    shown = "" if isinstance(problem["input"], SecretStr) else f" (got {problem['input']!r})"
    return f"{problem['msg']}{shown}"
