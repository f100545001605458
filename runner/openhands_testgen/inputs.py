"""The settings as what the use cases ask for: a model, assignments, a test file, a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhands_testgen import settings
from openhands_testgen.clients.working_tree import WorkingTree
from openhands_testgen.domain.task import OFFLINE, Assignment, Model, Run
from openhands_testgen.errors import ConfigurationError, NothingToTestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openhands_testgen.domain.verdict import Candidate
    from openhands_testgen.wait import WaitPlan

type Options = Mapping[str, object]


def read_model(options: Options, *, has_own: bool = False) -> Model:
    """Read the language model; with ``has_own`` the backend has one and a key to it.

    Raises:
        ConfigurationError: there is neither a key nor ``offline``.

    """
    given = settings.read(settings.ModelSettings, options)
    name, *others = given.llm_model or ("",)
    if has_own:
        _refuse_several(others, "OpenHands Cloud runs one model a task")
        return Model(name)
    if OFFLINE in (name, *others):
        _refuse_several(others, "`offline` stands alone")
    key = given.llm_api_key.get_secret_value()
    if name != OFFLINE and not (name and (key or given.llm_base_url)):
        missing = "llm-api-key" if name else "llm-model"
        message = (
            "no language model is set; give `llm-model` and `llm-api-key` (or LLM_MODEL and "
            "LLM_API_KEY), or `llm-model: offline`, which needs no key"
        )
        raise ConfigurationError(message, field=missing)
    return Model(
        name=name,
        api_key=key,
        base_url=given.llm_base_url,
        tries=given.llm_num_retries,
        timeout_seconds=given.llm_timeout,
        others=tuple(others),
    )


def _refuse_several(others: Sequence[str], reason: str) -> None:
    if others:
        message = f"{reason}; name one model"
        raise ConfigurationError(message, field="llm-model")


def read_successor(options: Options) -> Model:
    """Read the key with which another model goes on; its name stands in the conversation."""
    given = settings.read(settings.ModelSettings, options)
    key = given.llm_api_key.get_secret_value()
    return Model("", key, tries=given.llm_num_retries, timeout_seconds=given.llm_timeout)


def read_threshold(value: float) -> float:
    """Check a coverage threshold in percent.

    Raises:
        ConfigurationError: it is not above 0 and at most 100.

    """
    checked = settings.read(settings.TaskSettings, {"coverage_threshold": value})
    return checked.coverage_threshold


def read_assignments(task: settings.TaskSettings) -> list[Assignment]:
    """Read one assignment for each module.

    Raises:
        ConfigurationError: there is no module, or one output for several of them.

    """
    modules = tuple(dict.fromkeys(task.module))
    if not modules:
        message = "name the module to write tests for, such as src/shop/prices.py"
        raise ConfigurationError(message, field="module")
    if task.output and len(modules) > 1:
        message = "one output cannot hold the tests of several modules; leave it out"
        raise ConfigurationError(message, field="output")
    return [
        Assignment(module, task.output, task.coverage_threshold, task.instructions)
        for module in modules
    ]


def read_secrets(options: Options) -> tuple[str, ...]:
    """Return all secret values that are set, to be masked before anything is logged."""
    backend = settings.read(settings.BackendSettings, options)
    model = settings.read(settings.ModelSettings, options)
    secrets = (backend.api_key, backend.cloud_api_key, model.llm_api_key)
    return tuple(one.get_secret_value() for one in secrets if one.get_secret_value())


def read_candidate(options: Options) -> Candidate:
    """Read a test file that no agent wrote just now, and the module that it is for.

    Raises:
        ConfigurationError: a path is missing or leads nowhere.
        NothingToTestError: there is no such module, or nothing in it can be tested.

    """
    from openhands_testgen.domain.module import parse_module
    from openhands_testgen.domain.verdict import Candidate

    given = settings.read(settings.VerifySettings, _take_last(options, "module"))
    project = WorkingTree(settings.read(settings.PlaceSettings, options).working_directory)
    if not given.module or not given.tests:
        message = "name the module, and the test file that is to be judged"
        raise ConfigurationError(message, field="tests" if given.module else "module")
    module_path = project.locate(given.module, "module")
    output_path = project.locate(given.tests, "tests")
    module = project.read(module_path)
    if module is None:
        message = f"There is no module {module_path} in {project.root}; check `module`."
        raise NothingToTestError(message)
    parse_module(module_path, module)
    content = project.read(output_path)
    if content is None:
        message = f"there is no file {output_path} in {project.root}"
        raise ConfigurationError(message, field="tests")
    return Candidate(project.root, module_path, output_path, content, given.coverage_threshold)


def _take_last(options: Options, name: str) -> Options:
    """Turn an option that other commands take several times into the last one given."""
    value = options.get(name)
    return {**options, name: value[-1]} if isinstance(value, list) and value else options


def read_wait_plan(options: Options) -> WaitPlan:
    """Read how long to wait, and what then."""
    from openhands_testgen.domain.polling import Pace
    from openhands_testgen.wait import WaitPlan

    wait = settings.read(settings.WaitSettings, options)
    return WaitPlan(wait.timeout, Pace(wait.poll_interval), wait.on_timeout == "cancel")


def read_run(options: Options) -> Run | None:
    """Read which run of a workflow this is; ``None`` outside of one."""
    actions = settings.read(settings.ActionsSettings, options)
    if not (actions.is_actions and actions.run_id):
        return None
    return Run(actions.repository, actions.run_id, actions.run_attempt, actions.job)
