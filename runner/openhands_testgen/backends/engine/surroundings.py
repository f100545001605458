"""What of a job's environment the engine, its server and the agents in it get to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# At the end of a job the runner kills every process whose environment carries this.
TRACKING = "RUNNER_TRACKING_ID"
VARIABLES = {
    "HOME",
    "LANG",
    "LANGUAGE",
    "LD_LIBRARY_PATH",
    "LOGNAME",
    "PATH",
    "PYTHONUSERBASE",
    "REQUESTS_CA_BUNDLE",
    "RUNNER_TOOL_CACHE",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
    "VIRTUAL_ENV",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "OPENHANDS_TESTGEN_BASE_PYTHON",
    "OPENHANDS_TESTGEN_CACHE_DIR",
    "OPENHANDS_TESTGEN_UV",
}
# Where tools look that live in the user's home, unless a variable says another place.
FOUND_AT_HOME = {
    "ASDF_DATA_DIR": ".asdf",
    "PYENV_ROOT": ".pyenv",
    "PYTHONUSERBASE": ".local",
    "XDG_CACHE_HOME": ".cache",
    "XDG_DATA_HOME": ".local/share",
}
PREFIXES = ("ASDF_", "CONDA_", "LC_", "PIP_", "PYENV_", "UV_")
PROXIES = {"http_proxy", "https_proxy", "no_proxy", "all_proxy"}


def choose_engine_environment(
    environment: Mapping[str, str], *, outlives_job: bool
) -> dict[str, str]:
    """Choose by a list: no token, no command file and no secret of the job is on it.

    An engine in a folder that the user named may serve later jobs of the same machine, so it must
    not be counted to this job.
    """
    chosen = {name: value for name, value in environment.items() if _is_wanted(name)}
    if not outlives_job and TRACKING in environment:
        chosen[TRACKING] = environment[TRACKING]
    return chosen


def choose_server_environment(environment: Mapping[str, str], home: str) -> dict[str, str]:
    """Give the agents' shells a home of their own, and the tools of the user's real one.

    A shell reads its start-up files at home, writes its history there, and some of those files
    take locks that a conversation's quick end would leave behind.
    """
    real = environment.get("HOME")
    found = {name: f"{real}/{place}" for name, place in FOUND_AT_HOME.items()} if real else {}
    return {**found, **environment, "HOME": home}


def _is_wanted(name: str) -> bool:
    return name in VARIABLES or name.startswith(PREFIXES) or name.lower() in PROXIES
