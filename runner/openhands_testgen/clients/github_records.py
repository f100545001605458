"""What is sent to GitHub and what comes back, as plain records: to know them costs no import."""

from __future__ import annotations

from dataclasses import dataclass

type AnnotationDict = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class CheckDraft:
    """A check run without its annotations.

    ``external_id`` finds it again, ``details_url`` is where it leads to. The title is plain,
    ``summary`` and ``text`` are GitHub's Markdown.
    """

    name: str
    external_id: str
    details_url: str
    conclusion: str
    title: str
    summary: str
    text: str


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A check run; ``url`` is its page."""

    id: int
    external_id: str
    url: str


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a pull request.

    ``is_trusted``: a bot wrote it, or somebody who may write to the repository. Anybody else's
    could only pretend to be ours.
    """

    id: int
    body: str
    is_trusted: bool


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: its hash, its tree's, and its message."""

    sha: str
    tree: str
    message: str
