"""The arguments of the command line: one option for each setting that is no secret."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from openhands_testgen import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

_ABOUT = "Hand the writing of unit tests to an OpenHands agent; judge what comes back."
_WRITE = (settings.TaskSettings, settings.ModelSettings, settings.BackendSettings)
_READ = (
    settings.ModeSettings,
    settings.WaitSettings,
    settings.JudgeSettings,
    settings.BackendSettings,
)
_GROUPS: dict[str, tuple[type[settings.Group], ...]] = {
    "submit": _WRITE,
    "collect": _READ,
    "generate": (*_WRITE, settings.WaitSettings, settings.JudgeSettings),
    "status": (settings.BackendSettings,),
    "cancel": (settings.BackendSettings,),
    "verify": (settings.VerifySettings, settings.JudgeSettings),
    "publish": (settings.PublishSettings,),
    "engine": (settings.EngineSettings,),
}
_HELP = {
    "submit": "hand modules to an agent; print one task id a line",
    "collect": "wait for tasks, judge what came back, print the results as JSON",
    "generate": "submit and collect in one",
    "status": "print where tasks stand as JSON",
    "cancel": "stop the agents of tasks",
    "verify": "judge any test file without an agent; print the verdict as JSON",
    "publish": "put the results in a folder on GitHub, print annotations, append the job summary",
    "engine": "run the embedded engine (started by submit)",
}
_SWITCHES = {"quiet"}
_TAKES_IDS = {"collect", "status", "cancel"}


def parse_arguments(argv: Sequence[str]) -> tuple[str, dict[str, object]]:
    """Parse a command line into the command's name and the options that it is given.

    Raises:
        SystemExit: there is no such command or option (2), or help was asked for (0).

    """
    options = vars(_build_parser().parse_args(argv))
    return options.pop("command"), options


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="openhands-testgen", description=_ABOUT)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, groups in _GROUPS.items():
        command = commands.add_parser(name, help=_HELP[name], description=_HELP[name])
        for group in groups:
            _add_options(command, group)
        _add_options(command, settings.PlaceSettings)
        if name in _TAKES_IDS:
            command.add_argument("task_id", nargs="*", metavar="ID", help="the task id")
    return parser


def _add_options(command: argparse.ArgumentParser, group: type[settings.Group]) -> None:
    """Add an option for each setting of a group; secrets have none, for `ps` shows options."""
    for name in settings.get_options(group):
        option = "--" + name.replace("_", "-")
        shown = group.model_fields[name].description
        action = "append" if name == "module" else "store"
        if name in _SWITCHES:
            command.add_argument(option, dest=name, action="store_const", const="true", help=shown)
        else:
            command.add_argument(option, dest=name, action=action, help=shown)
