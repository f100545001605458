"""The backends by name: one module and one line each."""

from __future__ import annotations

from openhands_testgen.errors import ConfigurationError

EMBEDDED = "embedded"
AGENT_SERVER = "agent-server"
CLOUD = "cloud"
NAMES = (EMBEDDED, AGENT_SERVER, CLOUD)


def choose_backend(named: str, *, has_cloud_key: bool, has_server_url: bool) -> tuple[str, str]:
    """Choose a backend's name, and say why in a few words.

    Raises:
        ConfigurationError: the name is not one of ours, or the choice needs a server address.

    """
    if named:
        if named not in NAMES:
            message = f"there is no backend {named!r}; choose one of {', '.join(NAMES)}"
            raise ConfigurationError(message, field="backend")
        if named == AGENT_SERVER and not has_server_url:
            message = "the agent-server backend needs the server's address"
            raise ConfigurationError(message, field="server-url")
        return named, "as named"
    if has_cloud_key:
        return CLOUD, "an OpenHands API key is set"
    if has_server_url:
        return AGENT_SERVER, "a server address is set"
    return EMBEDDED, "no key and no server address are set"
