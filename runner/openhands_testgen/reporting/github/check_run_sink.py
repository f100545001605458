"""Brings the check run to GitHub; what did not arrive is known afterwards, whatever happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhands_testgen.clients.github_errors import GitHubError, Reason
from openhands_testgen.reporting.github.check_run import choose_check_run, find_missing

if TYPE_CHECKING:
    from openhands_testgen.clients.github import GitHubClient
    from openhands_testgen.clients.github_records import AnnotationDict, CheckDraft, CheckRun

BATCH_SIZE = 50


class CheckRunSink:
    """Puts one check run on one commit; ``missing`` are the annotations that are not there yet."""

    def __init__(self, draft: CheckDraft, annotations: list[AnnotationDict]) -> None:
        """Take what the check run is to hold."""
        self._draft = draft
        self._planned = annotations
        self.missing = annotations

    def put(self, client: GitHubClient, head_sha: str) -> str:
        """Find the check run or create it, send what it lacks, and return its page.

        The same call again, after a failure or in a later run, doubles nothing: a request whose
        answer was lost is found to have been done.

        Raises:
            GitHubError: GitHub refused, or did not answer.

        """
        if not head_sha:
            raise GitHubError(Reason.NO_COMMIT)
        run = self._find(client, head_sha)
        if run is None:
            run = client.create_check_run(head_sha, self._draft, self._take_batch())
            self._drop_batch()
        elif not self.missing:
            client.update_check_run(run.id, self._draft, [])
        while self.missing:
            client.update_check_run(run.id, self._draft, self._take_batch())
            self._drop_batch()
        return run.url

    def _find(self, client: GitHubClient, head_sha: str) -> CheckRun | None:
        """Find the check run to go on with; one with other annotations is left to be replaced."""
        found = client.find_check_runs(head_sha, self._draft.name)
        run = choose_check_run(found, self._draft.external_id)
        present = client.list_annotations(run.id) if run else []
        missing = find_missing(self._planned, present)
        self.missing = self._planned if missing is None else missing
        return run if missing is not None else None

    def _take_batch(self) -> list[AnnotationDict]:
        return self.missing[:BATCH_SIZE]

    def _drop_batch(self) -> None:
        self.missing = self.missing[BATCH_SIZE:]
