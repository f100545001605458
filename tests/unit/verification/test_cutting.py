"""Cutting: what is asked for goes, every other byte stays."""

from __future__ import annotations

import pytest

from openhands_testgen.verification.cutting import CannotCutError, Target, cut_tests

FILE = b'''\
"""About the file."""
import pytest


# About the first one.
def test_first():
    assert 1


class TestBoth:
    """Two of them."""

    @staticmethod
    def helper():
        return 1

    def test_second(self):
        text = """
        def test_first(): of another
        """
        assert text

    @pytest.mark.slow
    @pytest.mark.other(
        "argument"
    )
    def test_third(self):
        assert 1


class TestOnly:
    """One of them."""

    def test_fourth(self):
        assert 1


def test_last():
    assert "\xc3\xa9"
'''


def target(name: str, line: int = 0, **indices: int) -> Target:
    return Target(f"{name}{sorted(indices.items())}", name, line, indices)


def cut(content: bytes, *unsound: str, sound: tuple[str, ...] = ()) -> bytes:
    return cut_tests(content, [target(name) for name in unsound], [*map(target, sound)]).content


def test_a_function_goes_with_the_comment_above_it() -> None:
    left = cut(FILE, "test_first")
    assert left == FILE.replace(
        b"\n\n\n# About the first one.\ndef test_first():\n    assert 1\n", b"\n"
    )


def test_a_method_goes_with_its_decorators() -> None:
    start = FILE.index(b"\n\n    @pytest.mark.slow")
    end = FILE.index(b"\n\n\nclass TestOnly")
    assert cut(FILE, "TestBoth::test_third") == FILE[:start] + FILE[end:]


def test_a_class_without_tests_goes_unless_it_has_something_else() -> None:
    left = cut(FILE, "TestOnly::test_fourth", "TestBoth::test_second", "TestBoth::test_third")
    assert b"TestOnly" not in left
    assert b"class TestBoth" in left
    assert b"helper" in left


def test_the_last_one_leaves_no_blank_lines() -> None:
    assert cut(FILE, "test_last").endswith(b"    def test_fourth(self):\n        assert 1\n")


def test_nothing_to_cut_changes_nothing() -> None:
    assert cut(FILE, sound=("test_first",)) == FILE


def test_all_can_go() -> None:
    names = ("test_first", "TestBoth::test_second", "TestBoth::test_third", "test_last")
    left = cut(FILE, *names, "TestOnly::test_fourth")
    assert b"def test_" not in left.replace(b"def test_first(): of", b"")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_marks_and_ends_of_lines_stay(mark: bytes, end: bytes) -> None:
    lines = [b"import a", b"", b"", b"def test_a(): pass", b"def test_b():", b"    assert 1", b""]
    assert cut(mark + end.join(lines), "test_a") == mark + end.join([lines[0], *lines[4:]])


def test_a_head_comment_is_about_the_file() -> None:
    content = b"#!/usr/bin/env python\n# -*- coding: utf-8 -*-\ndef test_a(): pass\n"
    assert cut(content, "test_a") == b"#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n"


def test_of_two_with_one_name_the_line_tells() -> None:
    content = b"def test_a():\n    assert 1\n\n\ndef test_a():\n    assert 2\n"
    first = cut_tests(content, [target("test_a", 1)], [target("test_a", 5)])
    assert first.content == b"\n\ndef test_a():\n    assert 2\n"
    assert first.lost == frozenset()
    assert cut(content, "test_a") == b"def test_a():\n    assert 1\n"


def test_a_line_of_another_state_of_the_file_is_not_believed() -> None:
    content = b"def test_a():\n    assert 1\n\n\ndef test_b():\n    assert 2\n"
    assert cut_tests(content, [target("test_b", 1)], []).content == b"def test_a():\n    assert 1\n"


def test_an_inherited_test_is_found_by_its_line() -> None:
    test = b"\n\n    def test_a(self):\n        assert 1"
    content = b"class Base:\n    x = 1%s\n\n\nclass TestA(Base):\n    pass\n"
    left = cut_tests(content % test, [target("TestA::test_a", 4)], []).content
    assert left == content % b""


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"test_a = make()\n", "test_a"),
        (b"if True:\n    def test_a():\n        assert 1\n", "test_a"),
    ],
)
def test_what_stands_in_no_function_of_its_own_cannot_be_cut(content: bytes, name: str) -> None:
    line = 2 if b"if" in content else 0
    with pytest.raises(CannotCutError):
        cut_tests(content, [target(name, line)], [])


CASES = b"""\
import pytest


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 2),  # one
        (3, 4),
        (5, (6)),
    ],
    ids=["x", "y", "z"],
)
def test_a(a, b):
    assert a < b
"""


@pytest.mark.parametrize(
    ("bad", "gone"),
    [
        ([0], [b"(1, 2),  # one\n        ", b'"x", ']),
        ([1], [b"(3, 4),\n        ", b'"y", ']),
        ([2], [b",\n        (5, (6))", b', "z"']),
        ([0, 1], [b"(1, 2),  # one\n        (3, 4),\n        ", b'"x", "y", ']),
        ([1, 2], [b",  # one\n        (3, 4),\n        (5, (6))", b', "y", "z"']),
    ],
)
def test_single_cases_go(bad: list[int], gone: list[bytes]) -> None:
    targets = {index: target("test_a", a=index, b=index) for index in range(3)}
    good = [targets[index] for index in targets if index not in bad]
    result = cut_tests(CASES, [targets[index] for index in bad], good)
    expected = CASES
    for part in gone:
        assert part in expected
        expected = expected.replace(part, b"", 1)
    assert result.content == expected
    assert result.lost == frozenset()


def test_with_no_good_case_the_function_goes() -> None:
    targets = [target("test_a", a=index, b=index) for index in range(3)]
    assert cut_tests(CASES, targets, []).content == b"import pytest\n"


@pytest.mark.parametrize(
    "values",
    [b"VALUES", b"[*VALUES, 3]", b"range(3)", b"[1, 2, 3], ids=NAMES", b"[1, 2, 3], ids=[*NAMES]"],
)
def test_cases_that_cannot_be_told_apart_go_together(values: bytes) -> None:
    content = (
        b'@pytest.mark.parametrize("a", %s)\ndef test_a(a):\n    assert a\n\n\nX = 1\n' % values
    )
    bad, good = target("test_a", a=0), target("test_a", a=1)
    result = cut_tests(content, [bad], [good])
    assert result.content == b"\n\nX = 1\n"
    assert result.lost == {good.key}


@pytest.mark.parametrize("ids", [b"ids=None", b"ids=str", b"ids=lambda value: str(value)"])
def test_names_that_are_computed_need_no_cut(ids: bytes) -> None:
    content = b'@pytest.mark.parametrize("a", [1, 2], %s)\ndef test_a(a): pass\n' % ids
    result = cut_tests(content, [target("test_a", a=0)], [target("test_a", a=1)])
    assert result.content == content.replace(b"1, ", b"", 1)


def test_of_two_lists_the_one_that_divides_is_cut() -> None:
    content = (
        b'@pytest.mark.parametrize("a", [1, 2])\n@pytest.mark.parametrize("b", [3, 4])\n'
        b"def test_a(a, b): pass\n"
    )
    bad = [target("test_a", a=index, b=1) for index in (0, 1)]
    good = [target("test_a", a=index, b=0) for index in (0, 1)]
    assert cut_tests(content, bad, good).content == content.replace(b"3, 4", b"3")


def test_a_tuple_of_one_would_be_no_tuple() -> None:
    content = b'@pytest.mark.parametrize("a", ((1, 2), (3, 4)))\ndef test_a(a): pass\n'
    result = cut_tests(content, [target("test_a", a=1)], [target("test_a", a=0)])
    assert result.content == b""
    assert len(result.lost) == 1
