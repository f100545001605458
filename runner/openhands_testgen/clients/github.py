"""GitHub's REST API through PyGithub, as far as publishing needs it; nothing here asks twice.

PyGithub's own retries are off: they would repeat a POST whose answer was lost, and so double what
it made. Who calls decides what to look for before the next try.

To import this module costs 0.3 s: only the step that publishes does.
"""

from __future__ import annotations

import base64
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from github import Auth, Github, InputGitTreeElement
from github.GitCommit import GitCommit
from github.GithubException import BadAttributeException, GithubException
from github.GitRef import GitRef
from github.GitTree import GitTree

from openhands_testgen.clients.github_errors import GitHubError, Reason, read_answer
from openhands_testgen.clients.github_records import CheckRun, Comment, Commit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from github.CheckRun import CheckRun as GitHubCheckRun
    from github.IssueComment import IssueComment
    from github.NamedUser import NamedUser
    from github.Organization import Organization

    from openhands_testgen.clients.github_records import AnnotationDict, CheckDraft

TIMEOUT_SECONDS = 15
PAGE_SIZE = 100
# GitHub asks for a second between writes where many are made; here it is a handful, and the limit
# that counts is 80 a minute.
SECONDS_BETWEEN_WRITES = 0.2
USER_AGENT = "openhands-testgen"
FILE_MODE = "100644"
_TRUSTED = {"OWNER", "MEMBER", "COLLABORATOR"}
# What PyGithub raises on an answer of another form than GitHub's.
_UNREADABLE = (
    BadAttributeException,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


class GitHubClient:
    """Speaks to one repository; every failure is a ``GitHubError`` with its reason."""

    def __init__(
        self,
        token: str,
        api_url: str,
        repository: str,
        *,
        timeout_seconds: int = TIMEOUT_SECONDS,
        seconds_between_writes: float = SECONDS_BETWEEN_WRITES,
    ) -> None:
        """Take where to reach GitHub; ``repository`` is ``owner/name``. Nothing is sent yet."""
        with _restated():
            self._github = Github(
                auth=Auth.Token(token),
                base_url=api_url.rstrip("/"),
                timeout=timeout_seconds,
                user_agent=USER_AGENT,
                per_page=PAGE_SIZE,
                retry=None,
                seconds_between_requests=0,
                seconds_between_writes=seconds_between_writes,
                lazy=True,
            )
            self._repo = self._github.get_repo(repository)
        self.repository = repository

    def close(self) -> None:
        """Release the connection."""
        self._github.close()

    def find_check_runs(self, sha: str, name: str) -> list[CheckRun]:
        """Find a commit's check runs of one name, all pages, the oldest ones too."""
        with _restated():
            found = self._repo.get_commit(sha).get_check_runs(check_name=name, filter="all")
            return [_read_check_run(run) for run in found]

    def list_annotations(self, check_run_id: int) -> list[AnnotationDict]:
        """List all annotations of a check run, all pages, in the form in which they are sent."""
        with _restated():
            found = self._repo.get_check_run(check_run_id).get_annotations()
            return [
                {
                    "path": one.path,
                    "start_line": one.start_line,
                    "end_line": one.end_line,
                    "annotation_level": one.annotation_level,
                    "title": one.title or "",
                    "message": one.message,
                }
                for one in found
            ]

    def create_check_run(
        self, sha: str, draft: CheckDraft, annotations: list[AnnotationDict]
    ) -> CheckRun:
        """Create a completed check run on a commit, with at most 50 annotations."""
        with _restated():
            return _read_check_run(
                self._repo.create_check_run(
                    name=draft.name,
                    head_sha=sha,
                    external_id=draft.external_id,
                    details_url=draft.details_url,
                    status="completed",
                    conclusion=draft.conclusion,
                    output=_render_output(draft, annotations),
                )
            )

    def update_check_run(
        self, check_run_id: int, draft: CheckDraft, annotations: list[AnnotationDict]
    ) -> None:
        """Update a check run; GitHub appends the annotations (at most 50) to those there are."""
        with _restated():
            self._repo.get_check_run(check_run_id).edit(
                details_url=draft.details_url,
                status="completed",
                conclusion=draft.conclusion,
                output=_render_output(draft, annotations),
            )

    def list_comments(self, pull_number: int) -> list[Comment]:
        """List a pull request's comments, all pages, the oldest first."""
        with _restated():
            found = self._repo.get_issue(pull_number).get_comments()
            return [_read_comment(comment) for comment in found]

    def create_comment(self, pull_number: int, body: str) -> None:
        """Add a comment to a pull request."""
        with _restated():
            self._repo.get_issue(pull_number).create_comment(body)

    def update_comment(self, pull_number: int, comment_id: int, body: str) -> None:
        """Replace a comment's text."""
        with _restated():
            self._repo.get_issue(pull_number).get_comment(comment_id).edit(body)

    def find_head(self, branch: str) -> str | None:
        """Find the hash that a branch points to, ``None`` where there is no such branch."""
        try:
            with _restated():
                return self._repo.get_git_ref(f"heads/{branch}").object.sha
        except GitHubError as error:
            if error.reason is Reason.NOT_FOUND:
                return None
            raise

    def get_commit(self, sha: str) -> Commit:
        """Get a commit."""
        with _restated():
            commit = self._repo.get_git_commit(sha)
            return Commit(commit.sha, commit.tree.sha, commit.message)

    def create_blobs(self, files: Mapping[str, bytes]) -> dict[str, str]:
        """Keep files' bytes and return their hashes by path; nothing points to them yet."""
        with _restated():
            return {path: self._create_blob(content) for path, content in files.items()}

    def create_tree(self, base: str, blobs: Mapping[str, str]) -> str:
        """Create a tree: another one with files put into it. Trees are named by their hashes."""
        elements = [
            InputGitTreeElement(path, FILE_MODE, "blob", sha=sha) for path, sha in blobs.items()
        ]
        with _restated():
            base_tree = GitTree(self._repo.requester, attributes={"sha": base})
            return self._repo.create_git_tree(elements, base_tree).sha

    def create_commit(self, message: str, tree: str, parents: Sequence[str]) -> str:
        """Create a commit and return its hash; no branch points to it yet."""
        requester = self._repo.requester
        with _restated():
            above = [GitCommit(requester, attributes={"sha": sha}) for sha in parents]
            own_tree = GitTree(requester, attributes={"sha": tree})
            return self._repo.create_git_commit(message, own_tree, above).sha

    def create_branch(self, branch: str, sha: str) -> None:
        """Create a branch; ``INVALID`` where there is one of that name."""
        with _restated():
            self._repo.create_git_ref(f"refs/heads/{branch}", sha)

    def move_branch(self, branch: str, sha: str) -> None:
        """Move a branch forward, never by force; ``INVALID`` where that would lose commits."""
        place = f"{self._repo.url}/git/refs/heads/{quote(branch)}"
        with _restated():
            GitRef(self._repo.requester, url=place).edit(sha, force=False)

    def merge(self, branch: str, sha: str, message: str) -> bool:
        """Merge a commit into a branch, ``CONFLICT`` where GitHub cannot; false if it has it."""
        with _restated():
            return self._repo.merge(branch, sha, message) is not None

    def find_pull(self, branch: str, base: str) -> str | None:
        """Find the page of the open pull request from one branch to another."""
        owner = self.repository.partition("/")[0]
        with _restated():
            found = self._repo.get_pulls(state="open", head=f"{owner}:{branch}", base=base)
            return next((pull.html_url for pull in found), None)

    def create_pull(self, branch: str, base: str, title: str, body: str) -> str:
        """Open a pull request and return its page."""
        with _restated():
            return self._repo.create_pull(base, branch, title=title, body=body).html_url

    def _create_blob(self, content: bytes) -> str:
        encoded = base64.b64encode(content).decode()
        return self._repo.create_git_blob(encoded, "base64").sha


@contextmanager
def _restated() -> Iterator[None]:
    """Restate whatever PyGithub raises: it reads many an answer before it has checked it."""
    try:
        yield
    except GithubException as error:
        headers = {name.lower(): str(value) for name, value in (error.headers or {}).items()}
        raise read_answer(error.status, _read_words(error), headers, time.time()) from error
    except OSError as error:  # all that `requests` raises
        raise GitHubError(Reason.UNREACHABLE, type(error).__name__) from error
    except _UNREADABLE as error:
        said = f"its answer cannot be read ({type(error).__name__})"
        raise GitHubError(Reason.UNREACHABLE, said) from error


def _read_words(error: GithubException) -> str:
    """Read what an answer says: its message and the first of the problems that it lists."""
    content: object = error.data
    if not isinstance(content, dict):
        return error.message or ""
    said = [content.get("message"), *_list_problems(content.get("errors"))]
    return "; ".join(one for one in said if isinstance(one, str))


def _list_problems(problems: object) -> list[object]:
    first = problems[0] if isinstance(problems, list) and problems else problems
    return [first.get("message") if isinstance(first, dict) else first]


def _render_output(
    draft: CheckDraft, annotations: list[AnnotationDict]
) -> dict[str, str | list[AnnotationDict]]:
    """Render what a check run shows; texts that are left out would be taken away by an update."""
    shown = {"title": draft.title, "summary": draft.summary, "text": draft.text}
    return {**shown, "annotations": annotations} if annotations else {**shown}


def _read_check_run(run: GitHubCheckRun) -> CheckRun:
    return CheckRun(run.id, run.external_id or "", run.html_url or "")


def _read_comment(comment: IssueComment) -> Comment:
    is_trusted = _is_bot(comment.user) or comment.author_association in _TRUSTED
    return Comment(comment.id, comment.body or "", is_trusted)


def _is_bot(author: NamedUser | Organization | None) -> bool:
    """Whether a bot wrote it; there is no author where the account was deleted."""
    return author is not None and author.type == "Bot"
