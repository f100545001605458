"""The command line: argv to use case to stdout; here alone errors become exit codes."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from openhands_testgen import bootstrap, inputs, settings
from openhands_testgen.arguments import parse_arguments
from openhands_testgen.errors import (
    EXIT_INTERRUPTED,
    ConfigurationError,
    GenerationError,
    TaskIdError,
)
from openhands_testgen.reporting import outputs
from openhands_testgen.reporting.redacted_stream import RedactedStream

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence

    from openhands_testgen.domain.report import Report
    from openhands_testgen.domain.task_id import TaskId
    from openhands_testgen.submit import Submission

type Options = dict[str, object]
type Command = Callable[[Options], Coroutine[None, None, int]]


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    name, options = parse_arguments(argv)
    with _redacted_streams():
        return _run(_COMMANDS[name], options)


@contextmanager
def _redacted_streams() -> Iterator[None]:
    """Let nothing that is printed show a secret that has become known by then."""
    plain, secrets = (sys.stdout, sys.stderr), list[str]()
    sys.stdout, sys.stderr = (RedactedStream(stream, secrets) for stream in plain)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = plain


def _run(command: Command, options: Options) -> int:
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
    _write_outputs(outputs.render_submit_outputs((), ()))
    submissions, errors = await _hand_over(options)
    for submission in submissions:
        print(submission.task_id)
    return _end_with_errors(errors)


async def _hand_over(options: Options) -> tuple[list[Submission], list[GenerationError]]:
    """Hand the tasks over; a run that GitHub gives no secrets ends with nothing and no error."""
    try:
        submissions, errors = await _try_to_hand_over(options)
    except GenerationError as error:
        if _is_excused([error], options):
            return [], []
        raise
    if not submissions and _is_excused(errors, options):
        return [], []
    return submissions, errors


def _is_excused(errors: Sequence[GenerationError], options: Options) -> bool:
    """Whether missing secrets are the whole cause; if so, that is said here."""
    from openhands_testgen import publishing

    excuse = publishing.excuse_submit(errors, options, inputs.read_secrets(options))
    return _say_notice(excuse)


async def _try_to_hand_over(options: Options) -> tuple[list[Submission], list[GenerationError]]:
    task = settings.read(settings.TaskSettings, options)
    submitter = bootstrap.build_submitter(options)
    try:
        outcomes = await submitter.submit(inputs.read_assignments(task))
    finally:
        await submitter.backend.aclose()
    submissions = [one for one in outcomes if not isinstance(one, GenerationError)]
    task_ids = (str(one.task_id) for one in submissions)
    urls = (one.conversation_url for one in submissions)
    _write_outputs(outputs.render_submit_outputs(task_ids, urls))
    return submissions, [one for one in outcomes if isinstance(one, GenerationError)]


async def _collect(options: Options) -> int:
    _write_outputs(outputs.render_outputs((), Path()))
    is_cancel = settings.read(settings.ModeSettings, options).mode == "cancel"
    if _has_nothing_to_collect(options, is_cancel=is_cancel):
        _print_json((), single=False)
        return 0
    task_ids, errors = _parse_task_ids(options)
    if is_cancel:
        return await _cancel_all(task_ids, errors, options)
    return await _collect_all(task_ids, errors, options)


def _has_nothing_to_collect(options: Options, *, is_cancel: bool) -> bool:
    """Whether it is no error that there is no task id; if so, why is said here."""
    from openhands_testgen import publishing

    if settings.read(settings.WaitSettings, options).task_id:
        return False
    if is_cancel:
        return _say_notice("There is no task id, so there is nothing to cancel.")
    return _say_notice(publishing.excuse_collect(options))


async def _generate(options: Options) -> int:
    _write_outputs(outputs.render_submit_outputs((), ()))
    _write_outputs(outputs.render_outputs((), Path()))
    submissions, errors = await _hand_over(options)
    if not submissions and not errors:
        return 0
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
        _print_json(results, single=expected == 1)
    codes = [report.exit_code for report in ended]
    return choose_worst([*codes, _end_with_errors(errors)])


async def _status(options: Options) -> int:
    from openhands_testgen.domain.report import render_status

    task_ids, errors = _parse_task_ids(options)
    asked = len(task_ids) + len(errors)
    statuses = []
    for task_id in task_ids:
        state = await bootstrap.get_state(task_id, options)
        if isinstance(state, GenerationError):
            errors.append(state)
        else:
            statuses.append(render_status(task_id, state))
    _print_json(statuses, single=asked == 1)
    return _end_with_errors(errors)


async def _cancel(options: Options) -> int:
    return await _cancel_all(*_parse_task_ids(options), options)


async def _cancel_all(
    task_ids: Sequence[TaskId], errors: list[GenerationError], options: Options
) -> int:
    """Stop the agents; one that cannot be stopped keeps no other one running."""
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

    candidate = inputs.read_candidate(options)
    verifier = bootstrap.build_verifier(options)
    async with verifier.open(candidate.project):
        verification = await verifier.verify(candidate)
    verdict = render_verdict(verification, candidate)
    for line in render_words(verdict):
        print(line, file=sys.stderr)
    _print_json([verdict], single=True)
    given = settings.read(settings.VerifySettings, {**options, "module": ""})
    return choose_verdict_exit_code(verification.verdict, given.fail_on)


async def _publish(options: Options) -> int:
    from openhands_testgen import publishing
    from openhands_testgen.reporting.publish import publish

    place = settings.read(settings.PlaceSettings, options)
    actions = settings.read(settings.ActionsSettings, options)
    task_ids = settings.read(settings.WaitSettings, options).task_id
    if not (task_ids or place.results) and publishing.read_event(options).origin:
        return 0  # submit or collect has said why there is nothing
    publish(
        place.results_folder,
        actions.summary_file,
        sys.stdout,
        in_actions=actions.is_actions,
        task_ids=task_ids,
        path_prefix=publishing.find_path_prefix(options),
        github=publishing.build_publisher(options),
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


def _parse_task_ids(options: Options) -> tuple[list[TaskId], list[GenerationError]]:
    """Parse all ids; a malformed one does not keep the others from being collected."""
    texts = settings.read(settings.WaitSettings, options).task_id
    if not texts:
        message = "no task id was given; pass the `task-id` that submit printed"
        raise ConfigurationError(message, field="task-id")
    task_ids: list[TaskId] = []
    errors: list[GenerationError] = []
    for text in dict.fromkeys(texts):
        try:
            task_ids.append(_parse_task_id(text))
        except TaskIdError as error:
            errors.append(error)
    return task_ids, errors


def _parse_task_id(text: str) -> TaskId:
    from openhands_testgen.backends import registry
    from openhands_testgen.domain.task_id import parse_task_id

    task_id = parse_task_id(text)
    if task_id.backend not in registry.NAMES:
        message = (
            f"The task id belongs to a backend {task_id.backend!r}, which this version does not "
            "have. Use the same version of `submit` and `collect`."
        )
        raise TaskIdError(message)
    return task_id


def _write_outputs(values: dict[str, str]) -> None:
    """Write outputs; commands write empty ones first, for of one name the last value counts."""
    actions = settings.read(settings.ActionsSettings)
    outputs.write_outputs(values, actions.output_file)


def _print_json(items: Sequence[object], *, single: bool) -> None:
    content = items[0] if single and items else list(items)
    # The runner would read `##[` as a command wherever it stands; JSON has another way to write it.
    text = json.dumps(content, indent=2).replace("##[", "#\\u0023[")
    with outputs.group("Result as JSON", sys.stderr, in_actions=_is_in_actions()):
        print(text, flush=True)


def _end_with_errors(errors: Sequence[GenerationError]) -> int:
    for error in errors:
        _say_error(str(error))
    return min((error.exit_code for error in errors), default=0)


def _say_error(message: str) -> None:
    outputs.print_error(message, sys.stderr, in_actions=_is_in_actions())


def _say_notice(message: str) -> bool:
    """Say a sentence, if there is one; return whether there was."""
    if message:
        outputs.print_notice(message, sys.stderr, in_actions=_is_in_actions())
    return bool(message)


def _mask_secrets(options: Options) -> None:
    secrets = inputs.read_secrets(options)
    outputs.mask_secrets(secrets, sys.stderr, in_actions=_is_in_actions())


def _is_in_actions() -> bool:
    return settings.read(settings.ActionsSettings).is_actions
