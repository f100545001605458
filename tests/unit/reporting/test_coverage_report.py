"""The report of one module has its path; anything else is kept as it is."""

from __future__ import annotations

import json

import pytest

from openhands_testgen.reporting.coverage_report import rename_module
from tests.fakes.results import make_result


def test_the_module_is_named_as_in_the_repository() -> None:
    content = json.dumps({"meta": {"format": 3}, "files": {"/tmp/x/a.py": {"n": [1]}}}).encode()
    renamed = json.loads(rename_module(content, make_result(), "sub"))
    assert renamed == {"meta": {"format": 3}, "files": {"sub/src/shop/prices.py": {"n": [1]}}}


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"[]", b"{}", b'{"files": []}', b'{"files": {}}', b'{"files": {"a": 1, "b": 2}}'],
)
def test_what_is_no_such_report_is_kept(content: bytes) -> None:
    assert rename_module(content, make_result(), "") == content
