"""Stage *parse*: the file is text, is Python, and defines tests."""

from __future__ import annotations

from dataclasses import dataclass

from openhands_testgen.domain.expected import expected_tests
from openhands_testgen.domain.verdict import StageResult

NAME = "parse"


@dataclass(frozen=True, slots=True)
class Parsed:
    """The tests that a file defines (``TestCart::test_add``), and the decision."""

    stage: StageResult
    expected: tuple[str, ...] = ()


def judge_source(content: bytes) -> Parsed:
    """Decide whether a file can be run at all."""
    try:
        expected = expected_tests(content.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        return _reject(f"the file is not UTF-8 (byte {exc.start})")
    except SyntaxError as exc:
        return _reject(f"the file is not valid Python (line {exc.lineno}: {exc.msg})")
    except (ValueError, RecursionError, MemoryError) as exc:
        return _reject(f"the file cannot be parsed ({str(exc) or type(exc).__name__})")
    if not expected:
        return _reject("the file defines no test")
    return Parsed(StageResult(NAME, passed=True), expected)


def _reject(reason: str) -> Parsed:
    return Parsed(StageResult(NAME, passed=False, reasons=(reason,)))
