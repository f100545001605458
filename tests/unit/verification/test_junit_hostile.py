"""JUnit with any text in it: still XML, still one case for each test."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from junitparser import JUnitXml

from openhands_testgen.domain.verdict import CaseResult, Outcome, Problem
from openhands_testgen.verification.junit import render_junit
from tests.fakes.hostile import TEXTS


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_is_a_text(text: str) -> None:
    problem = Problem(text, text, text, 1)
    refused = CaseResult(text, text, Outcome.REFUSED, text, problems=(problem,))
    content = render_junit([refused, CaseResult(text, text, Outcome.PASSED)], text)
    root = ET.fromstring(content)  # noqa: S314 - our own
    tags = [element.tag for element in root.iter()]
    assert tags == ["testsuites", "testsuite", "testcase", "failure", "testcase"]
    assert all(char.isprintable() or char in "\n\t" for char in content.decode())
    assert len(list(JUnitXml.fromstring(content))) == 1
