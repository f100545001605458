"""Names from outside are made safe and stay apart."""

from __future__ import annotations

import pytest

from openhands_testgen.reporting.file_names import choose_names, render_slug


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        ("src/shop/prices.py", "src-shop-prices"),
        ("a.py", "a"),
        ("../../etc/passwd", "etc-passwd"),
        ("päckchen/ö.py", "p-ckchen"),
        ("日本.py", "module"),
        ("x" * 300 + ".py", "x" * 100),
    ],
)
def test_slugs(path: str, slug: str) -> None:
    assert render_slug(path) == slug


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("junit.xml", "junit.xml"),
        ("agent/tests/test_a.py", "agent/tests/test_a.py"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("a/./b/..", "a/b"),
        ("C:\\x\\y.txt", "C_/x/y.txt"),
        ("a b\n::error::.txt", "a_b_error_.txt"),
        ("", "unnamed"),
        ("..", "unnamed"),
        ("result.json", "result-2.json"),
        ("RESULT.json", "RESULT-2.json"),
    ],
)
def test_names(name: str, safe: str) -> None:
    assert str(choose_names([name], taken=["result.json"])[name]) == safe


def test_no_two_names_meet() -> None:
    names = ["a b.txt", "a_b.txt", "A_B.txt", "a/b", "a\\b"]
    chosen = choose_names(names, taken=())
    assert len({str(path).casefold() for path in chosen.values()}) == len(names)


def test_deep_and_long_names_are_bounded() -> None:
    name = "/".join(["d" * 300] * 50)
    path = choose_names([name], taken=())[name]
    assert len(path.parts) == 12
    assert all(len(part) == 100 for part in path.parts)


def test_no_file_stands_where_a_folder_has_to() -> None:
    chosen = choose_names(["a b", "a?b/c", "A_B/c/d", "x/y", "x", "report/z"], taken=["report"])
    assert [str(path) for path in chosen.values()] == [
        "a_b",
        "a_b-2/c",
        "A_B-2/c-2/d",
        "x/y",
        "x-2",
        "report-2/z",
    ]
