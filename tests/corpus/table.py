"""What is wrong with each cheat of the corpus: the rule that its test must be refused by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE / "project"

# Files in `pairs/`: tests that cheat are named `..._cheat`, their twins `..._sound`. The first ones
# are refused by reading alone.
STATIC = {
    "no_assertion": "no-assertion",
    "returned_comparison": "no-assertion",
    "constant": "constant-assertion",
    "constant_tuple": "constant-assertion",
    "constant_method": "constant-assertion",
    "constant_helper": "constant-assertion",
    "self_comparison": "self-comparison",
    "only_not_none": "only-not-none",
    "always_equal": "always-equal",
    "any_equal": "always-equal",
    "swallowed": "swallowed",
    "swallowed_suppress": "swallowed",
    "swallowed_finally": "swallowed",
    "unreachable": "unreachable",
    "unreachable_branch": "unreachable",
    "never_called": "never-called",
    "empty_loop": "empty-loop",
    "empty_name": "empty-loop",
    "no_cases": "no-cases",
    "broad_exception": "broad-exception",
    "own_failure": "expects-own-failure",
    "skip_mark": "skipped",
    "skip_call": "skipped",
    "skip_subject": "skipped",
    "xfail_mark": "xfail",
    "exit": "ends-process",
    "hard_exit": "ends-process",
    "own_signal": "ends-process",
    "patched_subject": "patches-subject",
    "monkeypatched_subject": "patches-subject",
    "patched_method": "patches-subject",
    "assigned_subject": "patches-subject",
    "assigned_equality": "reaches-into-runner",
    "replaced_module": "replaces-module",
    "patched_clock": "patches-clock",
    "shadowed": "shadowed",
    "patched_pytest": "reaches-into-runner",
    "walked_frames": "reaches-into-runner",
    "walked_stack": "reaches-into-runner",
    "named_frames": "reaches-into-runner",
    "own_coverage": "reaches-into-runner",
    "read_source": "reads-source",
    "read_file": "reads-source",
    "read_code": "reads-source",
    "written_conftest": "writes-configuration",
    "written_site": "writes-configuration",
    "written_path_file": "writes-configuration",
    "runner_files": "runner-files",
}
# These have to be run before they show what they are.
RUN = {
    "failing": "failed",
    "failing_case": "failed",
    "broken_fixture": "error",
    "broken_teardown": "error",
    "skipped_here": "skipped",
    "xfail_case": "xfail",
    "unawaited": "failed",
    "pieced_name": "failed",
    "hidden_exit": "ends-process",
    "changed_file": "changes-project",
    "rewritten_subject": "changes-project",
    "left_conftest": "changes-project",
    "order": "flaky",
    "second_time": "flaky",
    "hashes": "flaky",
    "own_copy": "vacuous",
    "only_mocks": "vacuous",
}
# Both kinds of tests have the same name there: the later one is the sound one.
SAME_NAME = {"shadowed"}
# Only the cases of the cheat that are marked are refused.
ONLY_SOME = {"xfail_case"}


@dataclass(frozen=True)
class WholeFile:
    """A file that is judged alone: ``stage`` decides against it, for a reason with ``words``."""

    stage: str
    words: str
    verdict: str = "rejected"
    module: str = "shop.py"
    twin_module: str = "shop.py"
    threshold: float = 30


FILES = {
    "skipped_file": WholeFile("rules", "is always skipped"),
    "missing_subject": WholeFile("rules", "is always skipped"),
    "exit_at_import": WholeFile("rules", "ends the process"),
    "hidden_exit_at_import": WholeFile("run", "ended with exit code 0"),
    "plugins": WholeFile("rules", "reaches into pytest"),
    "conftest_at_import": WholeFile("rules", "changes how tests are run"),
    "switched_off": WholeFile("parse", "defines no test"),
    "changes_file_at_import": WholeFile("run", "changes data.txt"),
    "every_test_passes": WholeFile("run", "must fail was reported as passed"),
    "no_test_is_run": WholeFile("run", "must fail"),
    "own_record": WholeFile("run", "something else wrote"),
    "planted": WholeFile(
        "coverage", "are asked for", module="planted.py", twin_module="planted.py", threshold=80
    ),
    "weak": WholeFile(
        "mutation",
        "are asked for",
        verdict="weak",
        module="rates.py",
        twin_module="rates.py",
        threshold=90,
    ),
    "clock": WholeFile("rules", "patches the clock", twin_module="stamp.py"),
}


def read_pair(name: str) -> str:
    """Return the source of a cheat and its twin."""
    return (HERE / "pairs" / f"{name}.py").read_text(encoding="utf-8")


def read_file(name: str, kind: str) -> bytes:
    """Return a file that is judged alone; ``kind`` is ``cheat`` or ``sound``."""
    return (HERE / "files" / f"{name}_{kind}.py").read_bytes()
