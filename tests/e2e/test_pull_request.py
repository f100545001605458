"""From a pull request to what its reviewers see: real act, real agent server, fake GitHub."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.domain.task_id import parse_task_id
from tests.e2e.act import WORKFLOW, Checkout
from tests.fakes import model as fake
from tests.fakes.github import FakeGitHub
from tests.fakes.github_repository import HEAD
from tests.fakes.model import FakeModel, finish, write
from tests.integration.command_line import MODULE, MODULE_PATH, OUTPUT_PATH, SOUND_TESTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers import RealServer

UNTESTED = b"""\


def get_rest(total: int, paid: int) -> int:
    if paid > total:
        print("paid too much")
        return 0
    return total - paid
"""
TESTS = (
    SOUND_TESTS
    + b"""

def test_a_wrong_total():
    assert get_total(1, 1) == 3
"""
)
LATER_STEP = """\
      - if: always()
        env:
          OUTPUTS: ${{ toJSON(steps.collect.outputs) }}
          RESULTS: ${{ steps.collect.outputs.results-dir }}
        run: |
          mkdir -p "$SEEN/results"
          printf %s "$OUTPUTS" > "$SEEN/outputs.json"
          cp -R "$RESULTS/." "$SEEN/results"
"""
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="act runs jobs on this host"),
]
WRONG_TEST = f"{OUTPUT_PATH}::test_a_wrong_total"
WRONG_TEST_LINE = TESTS[: TESTS.index(b"def test_a_wrong_total")].count(b"\n") + 1
# Lines 8 to 11 of the module are reached by no test.
ANNOTATIONS = [
    (MODULE_PATH, 1, 1, "failure", f"Generated tests for {MODULE_PATH}: rejected"),
    (OUTPUT_PATH, 1, 1, "failure", "Generated tests: coverage"),
    (OUTPUT_PATH, WRONG_TEST_LINE, WRONG_TEST_LINE, "failure", f"{WRONG_TEST} failed"),
    (MODULE_PATH, 8, 11, "notice", "Not covered"),
]
OUTPUTS = {
    "success": "false",
    "status": "COMPLETED",
    "conclusion": "rejected",
    "verdict": "rejected",
    "coverage": "53.8",
    "mutation-score": "",
    "test-path": "",
    "cost": "",
}
FILES = {
    *("result.json", "report.html", "junit.xml", "coverage.xml", "coverage.json", "sarif.json"),
    *("tests.patch", "trajectory.zip", "pytest.log"),
    *(f"agent/{OUTPUT_PATH}", f"module/{MODULE_PATH}"),
}


@dataclass
class Review:
    """A pull request, and what its reviewers and the workflow's later steps find."""

    checkout: Checkout

    @property
    def seen(self) -> Path:
        """What a later step kept of the last run."""
        return self.checkout.folder / "seen"

    def run(self, attempt: int) -> str:
        """Run the workflow and return the job's summary."""
        shutil.rmtree(self.seen, ignore_errors=True)
        seen = self.checkout.run("pull_request", attempt=attempt)
        assert seen.jobs == {"submit": "success", "collect": "failure"}, seen.log
        assert "exit status 10" in seen.log
        assert seen.remarks == []
        (summary,) = seen.summaries
        return summary

    def read_conversation(self) -> str:
        """Return the conversation of the last run's task."""
        result = json.loads((self.seen / "results" / "result.json").read_bytes())
        return parse_task_id(result["task_id"]).conversation_id

    def assert_one_of_each(self) -> None:
        """Look for one check run, whole and in place, and one comment."""
        repository = self.checkout.github.repository
        (run,) = repository.check_runs
        names = ("path", "start_line", "end_line", "annotation_level", "title")
        assert [tuple(one[name] for name in names) for one in run.annotations] == ANNOTATIONS
        assert (run.head_sha, run.fields["conclusion"]) == (HEAD, "failure")
        (comment,) = repository.comments
        assert "### Generated tests: 1 rejected" in comment.body

    def assert_outputs_and_files(self) -> None:
        """Look for what later steps use."""
        outputs = json.loads((self.seen / "outputs.json").read_bytes())
        assert {name: outputs[name] for name in OUTPUTS} == OUTPUTS
        assert outputs.keys() - OUTPUTS.keys() == {"results-dir"}
        results = self.seen / "results"
        files = {one.relative_to(results).as_posix() for one in results.rglob("*") if one.is_file()}
        assert files == FILES


@pytest.fixture
def review(tmp_path: Path, agent_server: RealServer) -> Iterator[Review]:
    model = FakeModel(write(OUTPUT_PATH, TESTS), finish("It covers totals."))
    model.start()
    with FakeGitHub() as github:
        settings = {
            "OPENHANDS_SERVER_URL": agent_server.url,
            "OPENHANDS_SESSION_API_KEY": agent_server.key,
            "LLM_MODEL": fake.NAME,
            "LLM_API_KEY": fake.KEY,
            "LLM_BASE_URL": model.base_url,
            "OPENHANDS_TESTGEN_MAX_REPAIRS": "0",
            "SEEN": str(tmp_path / "seen"),
        }
        checkout = Checkout(tmp_path, github, settings)
        checkout.commit(
            {
                "src/shop/__init__.py": b"",
                MODULE_PATH: MODULE + UNTESTED,
                ".github/workflows/tests.yml": (WORKFLOW + LATER_STEP).encode(),
            }
        )
        yield Review(checkout)
        assert github.violations == []
    model.close()


def test_a_pull_request_and_two_more_runs_of_its_commit(review: Review) -> None:
    conversations = []
    # The second run finds its task again, as a job that is repeated does; the third is new.
    for attempt in (1, 1, 2):
        summary = review.run(attempt)
        assert "| rejected | 53.8% (threshold 80%) | 2 of 3 |" in summary
        assert "test&#95;a&#95;wrong&#95;total</code> failed" in summary
        review.assert_one_of_each()
        review.assert_outputs_and_files()
        conversations.append(review.read_conversation())
    first, again, new = conversations
    assert first == again != new
