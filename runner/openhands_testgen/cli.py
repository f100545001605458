"""The command line: argv to use case to stdout; here alone errors become exit codes."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING

from openhands_testgen import bootstrap, settings
from openhands_testgen.errors import (
    EXIT_INTERRUPTED,
    ConfigurationError,
    GenerationError,
    TaskIdError,
)
from openhands_testgen.reporting import outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from openhands_testgen.domain.report import Report
    from openhands_testgen.domain.task_id import TaskId
    from openhands_testgen.submit import Submission

type Options = dict[str, object]
type Command = Callable[[Options], Coroutine[None, None, int]]

_WRITE = (settings.TaskSettings, settings.ModelSettings, settings.BackendSettings)
_READ = (settings.WaitSettings, settings.JudgeSettings, settings.BackendSettings)
_GROUPS: dict[str, tuple[type[settings.Group], ...]] = {
    "submit": _WRITE,
    "collect": _READ,
    "generate": (*_WRITE, settings.WaitSettings, settings.JudgeSettings),
    "status": (settings.BackendSettings,),
    "cancel": (settings.BackendSettings,),
    "verify": (settings.VerifySettings, settings.JudgeSettings),
    "publish": (),
    "engine": (),
}
_HELP = {
    "submit": "hand modules to an agent; print one task id a line",
    "collect": "wait for tasks, judge what came back, print the results as JSON",
    "generate": "submit and collect in one",
    "status": "print where tasks stand as JSON",
    "cancel": "stop the agents of tasks",
    "verify": "judge any test file without an agent; print the verdict as JSON",
    "publish": "print annotations for the results in a folder and append the job summary",
    "engine": "run the embedded engine (started by submit)",
}
_TAKES_IDS = {"collect", "status", "cancel"}


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    options = vars(_build_parser().parse_args(argv))
    command = _COMMANDS[options.pop("command")]
    try:
        _mask_secrets(options)
        return asyncio.run(_run_interruptible(command(options)))
    except GenerationError as error:
        _say_error(str(error))
        return error.exit_code
    except (KeyboardInterrupt, asyncio.CancelledError):
        return EXIT_INTERRUPTED
    except Exception:  # noqa: BLE001 - a bug must end with its own exit code
        traceback.print_exc()
        _say_error("This is a bug of openhands-testgen; please report the lines above.")
        return 1


async def _run_interruptible(command: Coroutine[None, None, int]) -> int:
    """Run a command; the first SIGINT or SIGTERM cancels it, later ones let it clean up."""
    task = asyncio.ensure_future(command)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lambda: task.cancelling() or task.cancel())
    return await task


async def _submit(options: Options) -> int:
    submissions, errors = await _hand_over(options)
    for submission in submissions:
        print(submission.task_id)
    return _end_with_errors(errors)


async def _hand_over(options: Options) -> tuple[list[Submission], list[GenerationError]]:
    task = settings.read(settings.TaskSettings, options)
    submitter = bootstrap.build_submitter(options)
    try:
        outcomes = await submitter.submit(bootstrap.read_assignments(task))
    finally:
        await submitter.backend.aclose()
    submissions = [one for one in outcomes if not isinstance(one, GenerationError)]
    _write_outputs(
        {
            "task-id": " ".join(str(one.task_id) for one in submissions),
            "status": "QUEUED" if submissions else "",
            "conversation-url": " ".join(filter(None, (s.conversation_url for s in submissions))),
        },
    )
    return submissions, [one for one in outcomes if isinstance(one, GenerationError)]


async def _collect(options: Options) -> int:
    task_ids, errors = _parse_task_ids(options)
    return await _collect_all(task_ids, errors, options)


async def _generate(options: Options) -> int:
    submissions, errors = await _hand_over(options)
    return await _collect_all([one.task_id for one in submissions], errors, options)


async def _collect_all(
    task_ids: Sequence[TaskId], errors: Sequence[GenerationError], options: Options
) -> int:
    from openhands_testgen.domain.outcome import choose_worst
    from openhands_testgen.domain.report import render_result

    reports: dict[str, Report] = {}
    try:
        await bootstrap.collect(task_ids, options, reports)
    finally:
        ended = [reports[i.conversation_id] for i in task_ids if i.conversation_id in reports]
        results = [render_result(report) for report in ended]
        place = settings.read(settings.PlaceSettings, options)
        expected = len(task_ids) + len(errors)
        _write_outputs(outputs.render_outputs(results, place.results_folder, expected=expected))
        _print_json(results, single=len(task_ids) == 1)
    codes = [report.exit_code for report in ended]
    return choose_worst([*codes, _end_with_errors(errors)])


async def _status(options: Options) -> int:
    from openhands_testgen.domain.report import render_status

    task_ids, errors = _parse_task_ids(options)
    statuses = []
    for task_id in task_ids:
        state = await bootstrap.get_state(task_id, options)
        if isinstance(state, GenerationError):
            errors.append(state)
        else:
            statuses.append(render_status(task_id, state))
    _print_json(statuses, single=len(task_ids) == 1)
    return _end_with_errors(errors)


async def _cancel(options: Options) -> int:
    task_ids, errors = _parse_task_ids(options)
    for task_id in task_ids:
        try:
            await bootstrap.cancel(task_id, options)
        except GenerationError as error:
            errors.append(error)
    return _end_with_errors(errors)


async def _verify(options: Options) -> int:
    from openhands_testgen.domain.judgement import render_verdict
    from openhands_testgen.domain.outcome import choose_verdict_exit_code
    from openhands_testgen.reporting.words import render_words

    candidate = bootstrap.read_candidate(options)
    verification = await bootstrap.build_verifier(options).verify(candidate)
    verdict = render_verdict(verification, candidate)
    for line in render_words(verdict):
        print(line, file=sys.stderr)
    _print_json([verdict], single=True)
    given = settings.read(settings.VerifySettings, {**options, "module": ""})
    return choose_verdict_exit_code(verification.verdict, given.fail_on)


async def _publish(options: Options) -> int:
    from openhands_testgen.reporting.publish import publish

    place = settings.read(settings.PlaceSettings, options)
    actions = settings.read(settings.ActionsSettings, options)
    publish(
        place.results_folder,
        actions.summary_file,
        sys.stdout,
        in_actions=actions.is_actions,
        task_ids=settings.read(settings.WaitSettings, options).task_id,
        path_prefix=os.path.relpath(place.working_directory),
    )
    return 0


async def _engine(options: Options) -> int:
    await bootstrap.run_engine(options)
    return 0


_COMMANDS: dict[str, Command] = {
    "submit": _submit,
    "collect": _collect,
    "generate": _generate,
    "status": _status,
    "cancel": _cancel,
    "verify": _verify,
    "publish": _publish,
    "engine": _engine,
}


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="openhands-testgen", description=__doc__)
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
        command.add_argument(option, dest=name, action=action, help=shown)


def _parse_task_ids(options: Options) -> tuple[list[TaskId], list[GenerationError]]:
    """Parse all ids; a malformed one does not keep the others from being collected."""
    from openhands_testgen.domain.task_id import parse_task_id

    texts = settings.read(settings.WaitSettings, options).task_id
    if not texts:
        message = "no task id was given; pass the `task-id` that submit printed"
        raise ConfigurationError(message, field="task-id")
    task_ids: list[TaskId] = []
    errors: list[GenerationError] = []
    for text in dict.fromkeys(texts):
        try:
            task_ids.append(parse_task_id(text))
        except TaskIdError as error:
            errors.append(error)
    return task_ids, errors


def _write_outputs(values: dict[str, str]) -> None:
    actions = settings.read(settings.ActionsSettings)
    outputs.write_outputs(values, actions.output_file)


def _print_json(items: Sequence[object], *, single: bool) -> None:
    content = items[0] if single and items else list(items)
    # The runner would read `##[` as a command wherever it stands; JSON has another way to write it.
    print(json.dumps(content, indent=2).replace("##[", "#\\u0023["))


def _end_with_errors(errors: Sequence[GenerationError]) -> int:
    for error in errors:
        _say_error(str(error))
    return min((error.exit_code for error in errors), default=0)


def _say_error(message: str) -> None:
    outputs.print_error(message, sys.stderr, in_actions=_is_in_actions())


def _mask_secrets(options: Options) -> None:
    secrets = bootstrap.read_secrets(options)
    outputs.mask_secrets(secrets, sys.stderr, in_actions=_is_in_actions())


def _is_in_actions() -> bool:
    return settings.read(settings.ActionsSettings).is_actions
