"""What the engine sees of a job: no token, no command file, no secret."""

from __future__ import annotations

import pytest

from openhands_testgen.backends.engine.surroundings import (
    choose_engine_environment,
    choose_server_environment,
)

JOB = {
    "PATH": "/usr/bin",
    "HOME": "/home/runner",
    "LC_ALL": "C.UTF-8",
    "UV_INDEX_URL": "mirror",
    "https_proxy": "proxy",
    "RUNNER_TRACKING_ID": "github_1",
    "GITHUB_TOKEN": "planted",
    "GITHUB_OUTPUT": "/files/output",
    "GITHUB_ENV": "/files/env",
    "ACTIONS_RUNTIME_TOKEN": "planted",
    "INPUT_LLM_API_KEY": "planted",
    "LLM_API_KEY": "planted",
    "OPENHANDS_SESSION_API_KEY": "planted",
    "AWS_SECRET_ACCESS_KEY": "planted",
    "PYTHONPATH": "/somewhere",
}


@pytest.mark.parametrize(("outlives_job", "is_tracked"), [(True, False), (False, True)])
def test_environment(outlives_job: bool, is_tracked: bool) -> None:
    chosen = choose_engine_environment(JOB, outlives_job=outlives_job)
    expected = {"PATH", "HOME", "LC_ALL", "UV_INDEX_URL", "https_proxy"}
    assert set(chosen) == expected | ({"RUNNER_TRACKING_ID"} if is_tracked else set())


def test_an_engine_outside_of_a_job_has_nothing_to_be_tracked_by() -> None:
    assert choose_engine_environment({"PATH": "p"}, outlives_job=False) == {"PATH": "p"}


def test_agents_have_a_home_of_their_own_and_the_tools_of_the_real_one() -> None:
    given = {"PATH": "p", "HOME": "/home/u", "PYENV_ROOT": "/opt/pyenv"}
    assert choose_server_environment(given, "/state/home") == {
        "PATH": "p",
        "HOME": "/state/home",
        "PYENV_ROOT": "/opt/pyenv",
        "ASDF_DATA_DIR": "/home/u/.asdf",
        "PYTHONUSERBASE": "/home/u/.local",
        "XDG_CACHE_HOME": "/home/u/.cache",
        "XDG_DATA_HOME": "/home/u/.local/share",
    }


def test_where_there_is_no_home_none_is_guessed() -> None:
    assert choose_server_environment({"PATH": "p"}, "/h") == {"PATH": "p", "HOME": "/h"}
