"""Run pytest once: ``python trial.py SEED OUT ARGUMENTS``; a line of JSON in OUT for each test.

SEED sets the order of the tests, unless it is 0.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

MAX_MESSAGE_LENGTH = 300


class Recorder:
    """Shuffles the tests and writes down what becomes of each."""

    def __init__(self, seed: int, out: str) -> None:
        """Take the seed, and the file to write to."""
        self._seed = seed
        self._rows: dict[str, int] = {}
        self._descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Shuffle, and remember which row of a table each test is."""
        if self._seed:
            random.Random(self._seed).shuffle(items)  # noqa: S311 - no secret
        for item in items:
            indices = getattr(getattr(item, "callspec", None), "indices", {})
            self._rows[item.nodeid] = next(iter(indices.values()), -1)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Write down a file that cannot be collected."""
        if report.failed:
            self._write("", -1, "failed", str(report.longrepr))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write down a test, and again if its setup or teardown fails."""
        if report.when == "call" or not report.passed:
            name = report.location[2].partition("[")[0]
            row = self._rows.get(report.nodeid, -1)
            self._write(name, row, report.outcome, report.longreprtext)

    def _write(self, name: str, row: int, outcome: str, text: str) -> None:
        errors = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
        message = " / ".join(errors)[:MAX_MESSAGE_LENGTH]
        record = {"name": name, "row": row, "outcome": outcome, "message": message}
        os.write(self._descriptor, json.dumps(record).encode() + b"\n")


def main(arguments: list[str]) -> int:
    """Run pytest in the folder of the project."""
    seed, out, *rest = arguments
    here = Path(__file__).resolve().parent
    # As with `python -m pytest`: the folder of the project, not that of this script.
    sys.path[:] = [str(Path.cwd()), *(path for path in sys.path if Path(path).resolve() != here)]
    import pytest

    return int(pytest.main(rest, plugins=[Recorder(int(seed), out)]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
