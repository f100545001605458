"""Where a module is imported from, in the layouts that projects have."""

from __future__ import annotations

import pytest

from openhands_testgen.domain.layout import (
    dotted_name,
    find_outer_folder,
    import_roots,
    parse_pythonpath,
)

LAYOUTS: list[tuple[str, set[str], tuple[str, ...], str, tuple[str, ...]]] = [
    ("prices.py", set(), (), "prices", ("",)),
    ("shop/prices.py", {"shop"}, (), "shop.prices", ("",)),
    ("shop/prices.py", set(), (), "shop.prices", ("", "shop")),
    ("my-shop/prices.py", set(), (), "prices", ("my-shop", "")),
    ("src/shop/prices.py", {"src/shop"}, (), "shop.prices", ("src", "")),
    ("src/shop/prices.py", set(), (), "shop.prices", ("src", "")),
    ("src/shop/prices.py", {"src", "src/shop"}, (), "src.shop.prices", ("",)),
    ("src/prices.py", set(), (), "prices", ("src", "")),
    ("src/shop/__init__.py", {"src/shop"}, (), "shop", ("src", "")),
    ("src/shop/sub/a.py", {"src/shop", "src/shop/sub"}, (), "shop.sub.a", ("src", "")),
    ("lib/shop/prices.py", {"lib/shop"}, ("lib",), "shop.prices", ("lib", "")),
    ("lib/prices.py", set(), ("lib",), "prices", ("lib", "")),
    ("lib/in/prices.py", set(), ("lib", "lib/in"), "prices", ("lib/in", "lib", "")),
    ("shop/prices.py", {"shop"}, ("lib",), "shop.prices", ("", "lib")),
]


@pytest.mark.parametrize(("path", "packages", "configured", "name", "roots"), LAYOUTS)
def test_layouts(
    path: str,
    packages: set[str],
    configured: tuple[str, ...],
    name: str,
    roots: tuple[str, ...],
) -> None:
    assert dotted_name(path, packages, configured) == name
    assert import_roots(path, packages, configured) == roots


@pytest.mark.parametrize(
    ("path", "packages", "folder"),
    [
        ("test_a.py", set(), ""),
        ("tests/test_a.py", set(), "tests"),
        ("tests/test_a.py", {"tests"}, ""),
        ("tests/unit/test_a.py", {"tests/unit"}, "tests"),
        ("tests/unit/test_a.py", {"tests", "tests/unit"}, ""),
    ],
)
def test_the_outer_folder(path: str, packages: set[str], folder: str) -> None:
    assert find_outer_folder(path, packages) == folder


@pytest.mark.parametrize(
    ("name", "content", "folders"),
    [
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\npythonpath = ["src", "lib"]',
            ("src", "lib"),
        ),
        ("pyproject.toml", '[tool.pytest.ini_options]\npythonpath = "src lib"', ("src", "lib")),
        ("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = 3", ()),
        ("pyproject.toml", "[tool]\npytest = 3", ()),
        ("pyproject.toml", "[tool", ()),
        ("pytest.ini", "[pytest]\npythonpath = src 'my lib'", ("src", "my lib")),
        ("pytest.ini", "[pytest]\npythonpath = .", ("",)),
        ("pytest.ini", "[pytest]\npythonpath = ./src/ src", ("src",)),
        ("pytest.ini", "[pytest]\npythonpath = /etc ../up a/../../b ok", ("ok",)),
        ("pytest.ini", "[pytest]\npythonpath = 'no end", ()),
        ("pytest.ini", "no section", ()),
        ("tox.ini", "[pytest]\npythonpath = src", ("src",)),
        ("tox.ini", "[tool:pytest]\npythonpath = src", ()),
        ("setup.cfg", "[tool:pytest]\npythonpath = src", ("src",)),
        ("setup.cfg", "[metadata]\nname = 100%", ()),
    ],
)
def test_the_configured_pythonpath(name: str, content: str, folders: tuple[str, ...]) -> None:
    assert parse_pythonpath({name: content.encode()}) == folders


def test_a_broken_file_hides_no_other() -> None:
    files = {"pyproject.toml": b"\xff", "pytest.ini": b"\xef\xbb\xbf[pytest]\npythonpath = src"}
    assert parse_pythonpath(files) == ("src",)
