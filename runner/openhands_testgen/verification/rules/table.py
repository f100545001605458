"""All static rules: their names, why a test is refused, and what would mend it."""

from __future__ import annotations

from openhands_testgen.domain.verdict import Problem

NO_ASSERTION = "no-assertion"
_ASSERT = "assert what the module returns, raises or changes"
_CALL = "call the module and assert what it does"

# Stable names: reports, and those who read them, know the rules by these.
RULES: dict[str, tuple[str, str]] = {
    NO_ASSERTION: ("asserts nothing", f"{_ASSERT} (`assert f(x) is None` if it is nothing else)"),
    "constant-assertion": ("asserts only what is always true", _ASSERT),
    "self-comparison": ("compares a value with itself", "compare it with the expected value"),
    "only-not-none": ("asserts only that something is not None", "assert which value it is"),
    "always-equal": ("compares with an object that equals everything", _ASSERT),
    "swallowed": (
        "catches its own failed assertions",
        "take the assertions out of the try block, or expect the exception with pytest.raises",
    ),
    "unreachable": ("has assertions that are never reached", "put them where they are run"),
    "never-called": (
        "has its assertions in an inner function that is not called",
        "call it, or assert in the test itself",
    ),
    "empty-loop": ("asserts in a loop over nothing", "loop over the values to check"),
    "broad-exception": (
        "expects any exception at all, so that a typing error would do",
        "name the exception that the module raises, or give `match`",
    ),
    "expects-own-failure": (
        "expects its own assertion to fail",
        "assert the right value, outside of pytest.raises",
    ),
    "skipped": ("is always skipped", "let it run, or leave it out"),
    "xfail": ("is marked as expected to fail: it can never fail", "assert what the module does"),
    "no-cases": ("has an empty list of cases: it never runs", "list the cases"),
    "shadowed": (
        "never runs: a later test has the same name",
        "give each test a name of its own",
    ),
    "ends-process": (
        "ends the process that runs the tests",
        "test what ends a process with pytest.raises(SystemExit), or in a subprocess",
    ),
    "patches-subject": (
        "replaces what it tests by something of its own",
        "patch what the module calls, not what the test calls",
    ),
    "replaces-module": ("puts something else in the place of the module", _CALL),
    "patches-clock": (
        "patches the clock of the whole process, though the module does not use it",
        "leave the clock alone",
    ),
    "reaches-into-runner": (
        "reaches into pytest, coverage or the interpreter",
        "let the tests call the module, and leave what runs them alone",
    ),
    "reads-source": ("looks at the module's code instead of what it does", _CALL),
    "writes-configuration": (
        "writes a file that changes how tests are run",
        "write to pytest's tmp_path alone",
    ),
    "runner-files": (
        "touches the workflow runner's own files",
        "set such variables with monkeypatch.setenv, to files below tmp_path",
    ),
}


def make_problem(rule: str, line: int) -> Problem:
    """Return the problem of a rule at a line."""
    reason, remedy = RULES[rule]
    return Problem(rule, reason, remedy, line)
