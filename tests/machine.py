"""What a test's programs are told of this machine, and nothing else of its environment."""

from __future__ import annotations

import os

# How packages are reached, by way of a mirror or a proxy where there is one.
NETWORK = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT", "HTTPS_PROXY", "NO_PROXY"),
    *("PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
)
PROGRAMS = ("PATH", "HOME", "PYENV_ROOT")


def describe_network() -> dict[str, str]:
    """Return the variables that lead to packages."""
    return _pick(NETWORK)


def describe_machine() -> dict[str, str]:
    """Return the variables that lead to programs, the user's home, and packages."""
    return _pick((*PROGRAMS, *NETWORK))


def _pick(names: tuple[str, ...]) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}
