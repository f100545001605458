"""Which backend is chosen."""

from __future__ import annotations

import pytest

from openhands_testgen.backends.registry import choose_backend
from openhands_testgen.errors import ConfigurationError


@pytest.mark.parametrize(
    ("named", "has_cloud_key", "has_server_url", "chosen"),
    [
        ("", False, False, "embedded"),
        ("", False, True, "agent-server"),
        ("", True, True, "cloud"),
        ("", True, False, "cloud"),
        ("embedded", True, True, "embedded"),
        ("agent-server", False, True, "agent-server"),
        ("cloud", False, True, "cloud"),
    ],
)
def test_choice(named: str, has_cloud_key: bool, has_server_url: bool, chosen: str) -> None:
    name, reason = choose_backend(named, has_cloud_key=has_cloud_key, has_server_url=has_server_url)
    assert name == chosen
    assert reason


@pytest.mark.parametrize(
    ("named", "has_cloud_key", "field", "message"),
    [
        ("teleport", False, "backend", "there is no backend 'teleport'; choose one of embedded"),
        ("agent-server", False, "server-url", "needs the server's address"),
    ],
)
def test_refusals_name_the_setting(
    named: str,
    has_cloud_key: bool,
    field: str,
    message: str,
) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        choose_backend(named, has_cloud_key=has_cloud_key, has_server_url=False)
    assert caught.value.field == field
