"""Publishes results on GitHub: delivery, check run, comment; what fails steps down by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from openhands_testgen.clients.github_errors import GitHubError
from openhands_testgen.clients.github_records import CheckDraft
from openhands_testgen.reporting.annotations import join_path
from openhands_testgen.reporting.github import comment, delivery, delivery_sink
from openhands_testgen.reporting.github.check_run import (
    cut_to_bytes,
    render_annotation,
    render_external_id,
    render_name,
)
from openhands_testgen.reporting.github.check_run_sink import CheckRunSink
from openhands_testgen.reporting.github.conclusion import choose_conclusion
from openhands_testgen.reporting.github.overview import count_verdicts, render_table
from openhands_testgen.reporting.github.patience import run_patiently
from openhands_testgen.reporting.github.refusals import LASTING, Failure, Note, explain_failures
from openhands_testgen.reporting.markdown import render_link, render_text
from openhands_testgen.reporting.summary import render_summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from openhands_testgen.clients.github import GitHubClient
    from openhands_testgen.domain.report import TaskResult
    from openhands_testgen.reporting.annotations import Annotation
    from openhands_testgen.reporting.github.event import Event
    from openhands_testgen.reporting.github.refusals import Sink

MAX_ANNOTATIONS = 1_000
MAX_TABLE_BYTES = 60_000
SHORT = 8


@dataclass(frozen=True, slots=True)
class Wishes:
    """What users ask for. ``workflow`` and ``job`` tell comments apart, ``run_url`` is a page."""

    fail_on: str = "rejected"
    comment: bool = False
    deliver: str = "none"
    path_prefix: str = ""
    workflow: str = ""
    job: str = ""
    run_url: str = ""


@dataclass
class Published:
    """What came of it.

    ``missing`` are the annotations that stand on no check run, ``check_url`` is its page, and
    ``delivered`` says what became of the tests. ``notes`` are for the reader of the log.
    """

    missing: Sequence[Annotation]
    notes: list[Note] = field(default_factory=list)
    check_url: str = ""
    delivered: str = ""


class GitHubPublisher:
    """Puts results where reviewers look; one object for one set of results."""

    def __init__(
        self,
        connect: Callable[[], GitHubClient],
        event: Event,
        wishes: Wishes,
        sleep: Callable[[float], None],
    ) -> None:
        """Take how to reach GitHub (``connect`` raises ``GitHubError``), the event, the wishes."""
        self._connect = connect
        self._event = event
        self._wishes = wishes
        self._sleep = sleep
        self._client: GitHubClient | None = None
        self._failures: list[Failure] = []

    @property
    def wants_files(self) -> bool:
        """Whether tests are to be delivered."""
        return self._wishes.deliver != "none"

    def publish(
        self,
        results: Sequence[TaskResult],
        annotations: Sequence[Annotation],
        files: Mapping[str, bytes],
    ) -> Published:
        """Publish results; no failure of GitHub is raised, each is a note of what came of it.

        ``files`` are the accepted tests by their paths in the repository.
        """
        published = Published(annotations)
        try:
            if self.wants_files and files:
                self._deliver(results, files, published)
            self._put_check_run(results, annotations, published)
            if self._wishes.comment and self._event.pull_number is not None:
                self._comment(results, self._event.pull_number, published)
        finally:
            if self._client:
                self._client.close()
        published.notes += explain_failures(self._failures, self._event)
        return published

    def _deliver(
        self, results: Sequence[TaskResult], files: Mapping[str, bytes], published: Published
    ) -> None:
        refusal = delivery.explain_refusal(self._event)
        if refusal:
            published.notes.append(Note("notice", f"No delivery: {refusal}."))
            return
        plan = delivery.plan_delivery(self._event, results, files)
        wants_commit = self._wishes.deliver == "commit"
        bring = delivery_sink.commit if wants_commit else delivery_sink.open_pull_request
        try:
            published.delivered = self._try("delivery", lambda client: bring(client, plan)) or ""
        except delivery_sink.NotDeliveredError as error:
            published.notes.append(Note("warning", f"No delivery: {error}."))

    def _put_check_run(
        self,
        results: Sequence[TaskResult],
        annotations: Sequence[Annotation],
        published: Published,
    ) -> None:
        prefix = self._wishes.path_prefix
        planned = [render_annotation(one, prefix) for one in annotations[:MAX_ANNOTATIONS]]
        left_out = len(annotations) - len(planned)
        draft = self._draft_check_run(results, left_out, published.delivered)
        sink = CheckRunSink(draft, planned)
        url = self._try("check run", lambda client: sink.put(client, self._event.head_sha))
        published.check_url = url or ""
        kept = {id(one) for one in sink.missing}
        pairs = zip(annotations, planned, strict=False)
        published.missing = [one for one, rendered in pairs if id(rendered) in kept]

    def _draft_check_run(
        self, results: Sequence[TaskResult], left_out: int, delivered: str
    ) -> CheckDraft:
        more = f"{left_out} more annotations: see the job summary." if left_out else ""
        parts = [render_table(results, MAX_TABLE_BYTES), _render_delivered(delivered), more]
        return CheckDraft(
            name=render_name(results),
            external_id=render_external_id(results, self._wishes.path_prefix),
            details_url=self._wishes.run_url,
            conclusion=choose_conclusion(results, self._wishes.fail_on),
            title=count_verdicts(results),
            summary=cut_to_bytes("\n\n".join(filter(None, parts))),
            text=cut_to_bytes(render_summary(results, max_bytes=MAX_TABLE_BYTES)),
        )

    def _comment(
        self, results: Sequence[TaskResult], pull_number: int, published: Published
    ) -> None:
        wishes = self._wishes
        modules = (join_path(wishes.path_prefix, one["module_path"]) for one in results)
        marker = comment.make_marker(wishes.workflow, wishes.job, modules)
        notes = [
            f"For {self._event.head_sha[:SHORT]}.",
            _render_delivered(published.delivered),
            render_link("All annotations", published.check_url),
            render_link("The run", wishes.run_url),
        ]
        body = comment.render_comment(results, marker, list(filter(None, notes)))
        self._try("comment", lambda client: comment.put_comment(client, pull_number, marker, body))

    def _try[T](self, sink: Sink, action: Callable[[GitHubClient], T]) -> T | None:
        """Reach one sink; after a failure that lasts, GitHub is not asked again."""
        lasting = [one.error for one in self._failures if one.error.reason in LASTING]
        if lasting:
            self._failures.append(Failure(sink, lasting[0]))
            return None
        try:
            self._client = self._client or self._connect()
            return run_patiently(partial(action, self._client), self._sleep)
        except GitHubError as error:
            self._failures.append(Failure(sink, error))
            return None


def _render_delivered(delivered: str) -> str:
    return f"Delivered: {render_text(delivered, 1_000)}." if delivered else ""
