"""The demo: the example's workflow through real act, with all that it promises to show."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.machine import describe_machine

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 500
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="act runs jobs on this host"),
]


def test_the_demo_shows_what_it_promises() -> None:
    done = subprocess.run(
        [ROOT / "examples" / "demo"],
        env=describe_machine(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "Finished while the agent still worked: refactor and deploy." in done.stdout
    assert re.search(r"^Verdict: +accepted \(coverage \d", done.stdout, re.MULTILINE)
    for job in ("test", "submit", "agent", "refactor", "deploy", "collect"):
        assert re.search(rf"^{job} +[ █▒]+ +\d", done.stdout, re.MULTILINE), job
    assert re.search(r"tests/test_prices.py: accepted at \d", done.stdout)
    assert re.search(r"collect \| .*\] src/shop/prices.py: judging tests/test_prices", done.stdout)
    assert '"task_id"' not in done.stdout
    (file,) = (ROOT / "demo-results").glob("*/result.json")
    result = json.loads(file.read_bytes())
    assert Path(result["results_dir"], "agent", "tests", "test_prices.py").is_file()
