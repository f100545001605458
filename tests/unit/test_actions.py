"""The actions say what the program does: inputs = settings, outputs = what is written.

`make tables` renews the descriptions of the inputs.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from ruamel.yaml import YAML

from openhands_testgen import cli, settings
from openhands_testgen.reporting import outputs

ROOT = Path(__file__).parents[2]
FILES = {"submit": "submit/action.yml", "collect": "collect/action.yml", "root": "action.yml"}
LAUNCH = {"submit": "../runner/launch", "collect": "../runner/launch", "root": "runner/launch"}
TASK, MODEL, BACKEND = settings.TaskSettings, settings.ModelSettings, settings.BackendSettings
WAIT, JUDGE, PLACE = settings.WaitSettings, settings.JudgeSettings, settings.PlaceSettings
PUBLISH = settings.PublishSettings
GROUPS: dict[str, tuple[type[settings.Group], ...]] = {
    "submit": (TASK, MODEL, BACKEND, PLACE),
    "collect": (settings.ModeSettings, WAIT, JUDGE, BACKEND, PLACE),
    "generate": (TASK, MODEL, BACKEND, WAIT, JUDGE, PLACE),
    "status": (BACKEND, PLACE),
    "cancel": (BACKEND, PLACE),
    "verify": (settings.VerifySettings, JUDGE, PLACE),
    "publish": (PUBLISH, PLACE),
    "engine": (settings.EngineSettings, PLACE),
}
# No settings of the program: the token is there for the publish step alone.
TOKEN = "github-token"
# What the publish step has from its neighbours beside its own settings.
ALSO_PUBLISHED = {"INPUT_TASK_ID", "INPUT_FAIL_ON"}
# A task id names its backend: what reads tasks is not asked for it again.
NAMED_BY_THE_TASK_ID = "backend"
COMMANDS = {
    "submit": ("submit",),
    "collect": ("collect", "publish"),
    "root": ("submit", "collect", "publish"),
}
REQUIRED = {"submit": {"module"}, "collect": {"task-id"}, "root": {"module"}}


class Input(BaseModel):
    """One input of an action."""

    model_config = ConfigDict(extra="forbid")

    description: str
    required: bool = False
    default: str = ""


class Output(BaseModel):
    """One output of a composite action."""

    model_config = ConfigDict(extra="forbid")

    description: str
    value: str


class Step(BaseModel):
    """One step of a composite action."""

    model_config = ConfigDict(extra="forbid")

    name: str
    shell: str
    run: str
    env: dict[str, str]
    id: str = ""
    condition: str = Field("", alias="if")


class Runs(BaseModel):
    """How a composite action runs."""

    using: str
    steps: list[Step]


class Action(BaseModel):
    """What an ``action.yml`` holds."""

    inputs: dict[str, Input]
    outputs: dict[str, Output]
    runs: Runs


@cache
def read_action(name: str) -> Action:
    return Action.model_validate(YAML(typ="safe").load(ROOT / FILES[name]))


def list_inputs(command: str) -> dict[str, str]:
    """List the settings of a command that an action can set, with their descriptions."""
    found = {}
    for group in GROUPS[command]:
        for name, field in group.model_fields.items():
            if f"INPUT_{name.upper()}" in settings.get_names(group, name):
                found[name.replace("_", "-")] = describe(field.description, field.default)
    if command == "collect":
        del found[NAMED_BY_THE_TASK_ID]
    if command == "publish":
        del found["state-dir"]  # it reads nothing but results
    return found


def describe(description: str | None, default: object) -> str:
    """Name the default in words: a default of the input would hide the environment's."""
    has_default = not isinstance(default, SecretStr) and default not in {None, "", ()}
    shown = str(default).lower() if isinstance(default, bool) else default
    return f"{description} (default: {shown})" if has_default else str(description)


def list_expected_inputs(name: str) -> dict[str, str]:
    commands = COMMANDS[name]
    found = {key: text for command in commands for key, text in list_inputs(command).items()}
    if name == "root":
        del found["task-id"]  # its second step has it from the first
        del found["mode"]  # it waits
    return found


@pytest.mark.parametrize("name", FILES)
def test_inputs_are_the_settings(name: str) -> None:
    described = {key: one.description for key, one in read_action(name).inputs.items()}
    described.pop(TOKEN, None)
    assert described == list_expected_inputs(name)


@pytest.mark.parametrize("name", FILES)
def test_no_input_hides_the_environment_by_a_default(name: str) -> None:
    inputs = read_action(name).inputs
    defaults = {key: one.default for key, one in inputs.items() if one.default}
    assert defaults == ({} if name == "submit" else {TOKEN: "${{ github.token }}"})
    assert {key for key, one in inputs.items() if one.required} == REQUIRED[name]


@pytest.mark.parametrize("name", FILES)
def test_each_step_hands_all_its_inputs_over(name: str) -> None:
    for step in read_action(name).runs.steps:
        command = step.name.lower()
        handed = {key: value for key, value in step.env.items() if key.startswith("INPUT_")}
        expected = {f"INPUT_{key.replace('-', '_').upper()}" for key in list_inputs(command)}
        expected -= {"INPUT_MODE"} if name == "root" else set()
        assert set(handed) == expected | (ALSO_PUBLISHED if command == "publish" else set())
        for key, value in handed.items():
            known = f"inputs.{key.removeprefix('INPUT_').replace('_', '-').lower()}"
            from_submit = name == "root" and key == "INPUT_TASK_ID"
            source = "steps.submit.outputs.task-id" if from_submit else known
            assert value == f"${{{{ {source} }}}}"


@pytest.mark.parametrize("name", FILES)
def test_steps_run_the_program_and_nothing_else(name: str) -> None:
    for step in read_action(name).runs.steps:
        command = step.name.lower()
        assert step.run == f'exec "$GITHUB_ACTION_PATH/{LAUNCH[name]}" {command}'
        assert step.shell == "bash"
        assert step.id == ("" if command == "publish" else command)


@pytest.mark.parametrize("name", FILES)
def test_only_publish_has_the_token(name: str) -> None:
    for step in read_action(name).runs.steps:
        token = "${{ inputs.github-token }}" if step.name == "Publish" else ""
        assert step.env.get("GITHUB_TOKEN", "") == token
        assert not any("token" in value for key, value in step.env.items() if key.startswith("IN"))


def test_outputs_are_those_that_are_written() -> None:
    written = {
        "submit": set(outputs.render_submit_outputs([], [])),
        "collect": set(outputs.render_outputs([], Path())),
    }
    written["root"] = written["submit"] | written["collect"]
    for name, names in written.items():
        assert set(read_action(name).outputs) == names


@pytest.mark.parametrize("name", FILES)
def test_outputs_come_from_the_step_that_writes_them(name: str) -> None:
    collected = set(outputs.render_outputs([], Path()))
    for key, output in read_action(name).outputs.items():
        step = "collect" if key in collected and name != "submit" else "submit"
        assert output.value == f"${{{{ steps.{step}.outputs.{key} }}}}"


def test_the_root_action_describes_as_the_two_do() -> None:
    for name in ("submit", "collect"):
        for key, output in read_action(name).outputs.items():
            assert read_action("root").outputs[key].description == output.description


@pytest.mark.parametrize("name", ["submit", "collect"])
def test_the_readme_names_the_outputs(name: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| `{name}` \| (.*) \|$", readme, re.MULTILINE)
    assert row is not None
    named = re.findall(r"`([a-z-]+)`", row.group(1))
    assert named == list(read_action(name).outputs)


@pytest.mark.parametrize("command", GROUPS)
def test_options_are_the_settings(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    shown = set(re.findall(r"^ +--([a-z-]+)", capsys.readouterr().out, re.MULTILINE))
    names = {name for group in GROUPS[command] for name in settings.get_options(group)}
    assert shown == {name.replace("_", "-") for name in names}


@pytest.mark.parametrize(
    "group", sorted({one for some in GROUPS.values() for one in some}, key=str)
)
def test_no_option_is_a_secret(group: type[settings.Group]) -> None:
    secrets = {name for name, field in group.model_fields.items() if field.annotation is SecretStr}
    assert not secrets & set(settings.get_options(group))


def renew() -> None:
    """Write the descriptions of the inputs into the actions."""
    for name, file in FILES.items():
        text = (ROOT / file).read_text(encoding="utf-8")
        for key, description in list_expected_inputs(name).items():
            pattern = rf'(?m)^(  {key}:\n    description: )".*"$'
            text = re.sub(pattern, rf'\g<1>"{description}"', text, count=1)
        (ROOT / file).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    renew()
