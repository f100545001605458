"""Which files change how tests are run, wherever they lie."""

from __future__ import annotations

import pytest

from openhands_testgen.verification.configuration import is_code, is_configuration


@pytest.mark.parametrize(
    ("path", "configuration", "code"),
    [
        ("conftest.py", True, True),
        ("deep/er/conftest.py", True, True),
        ("sitecustomize.py", True, True),
        ("x.pth", True, True),
        ("pytest.ini", True, True),
        (".coveragerc", True, True),
        ("shop.py", False, True),
        ("native.so", False, True),
        ("other.ini", False, True),
        ("data.txt", False, False),
        ("conftest", False, False),
        ("my_conftest.py", False, True),
        ("", False, False),
    ],
)
def test_by_name(path: str, *, configuration: bool, code: bool) -> None:
    assert is_configuration(path) is configuration
    assert is_code(path) is code
