"""The calls of GitHub's API that the fake carries out, one function each."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tests.fakes.github_contract import TIME, Json, get_object, make_example
from tests.fakes.github_repository import FakeCheckRun, FakeComment, FakePull

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.github import FakeGitHub
    from tests.fakes.github_repository import FakeCommit

NAME = "octo/shop"
MAX_COMMENT_LENGTH = 65_536


@dataclass(frozen=True)
class Request:
    """A request; ``host`` is the address that the answer's links begin with."""

    method: str
    path: str
    query: dict[str, str]
    body: object
    host: str

    def get(self, name: str) -> str:
        """Return a text of the body."""
        return str(get_object(self.body).get(name, ""))

    @property
    def place(self) -> str:
        """The address of the repository."""
        return f"{self.host}/repos/{NAME}"


class Problem(Exception):  # noqa: N818 - an answer, and no error of the fake
    """An answer that says no."""

    def __init__(self, status: int, message: str) -> None:
        """Keep the answer."""
        super().__init__(message)
        self.status = status
        self.content = {"message": message}


class Route(NamedTuple):
    """One call: how it is asked for, what it needs, how a success is called."""

    method: str
    pattern: str
    permission: str
    status: int
    handle: Callable[..., object]


def find_check_runs(fake: FakeGitHub, request: Request, sha: str) -> Json:
    name = request.query.get("check_name")
    runs = [run for run in fake.repository.check_runs if run.head_sha == sha]
    named = [run for run in reversed(runs) if name in {None, run.fields["name"]}]
    shown = [_show_check_run(run, request) for run in named]
    return {"total_count": len(shown), "check_runs": shown}


def create_check_run(fake: FakeGitHub, request: Request) -> Json:
    fields = {**get_object(request.body)}
    head_sha = str(fields["head_sha"])
    if head_sha not in fake.repository.commits:
        raise Problem(422, f"No commit found for SHA: {head_sha}")
    run = FakeCheckRun(fake.repository.count(), head_sha, {})
    fake.repository.check_runs.append(run)
    return _update_check_run(run, fields, request)


def update_check_run(fake: FakeGitHub, request: Request, number: str) -> Json:
    return _update_check_run(_find_run(fake, number), get_object(request.body), request)


def list_annotations(fake: FakeGitHub, request: Request, number: str) -> list[Json]:
    missing = {"start_column": None, "end_column": None, "raw_details": None, "title": None}
    return [
        {**missing, **one, "blob_href": f"{request.host}/blob"}
        for one in _find_run(fake, number).annotations
    ]


def list_comments(fake: FakeGitHub, request: Request, issue: str) -> list[Json]:
    found = [one for one in fake.repository.comments if one.issue == int(issue)]
    return [_show_comment(one, request) for one in found]


def create_comment(fake: FakeGitHub, request: Request, issue: str) -> Json:
    comment = FakeComment(fake.repository.count(), int(issue), _check_body(request))
    fake.repository.comments.append(comment)
    return _show_comment(comment, request)


def update_comment(fake: FakeGitHub, request: Request, number: str) -> Json:
    found = [one for one in fake.repository.comments if one.id == int(number)]
    if not found:
        raise Problem(404, "Not Found")
    found[0].body = _check_body(request)
    found[0].edits += 1
    return _show_comment(found[0], request)


def get_branch(fake: FakeGitHub, request: Request, branch: str) -> Json:
    if branch not in fake.repository.branches:
        raise Problem(404, "Not Found")
    return _show_branch(fake, branch, request)


def create_branch(fake: FakeGitHub, request: Request) -> Json:
    branch = request.get("ref").removeprefix("refs/heads/")
    if branch in fake.repository.branches:
        raise Problem(422, "Reference already exists")
    if request.get("sha") not in fake.repository.commits:
        raise Problem(422, "Object does not exist")
    fake.repository.branches[branch] = request.get("sha")
    return _show_branch(fake, branch, request)


def move_branch(fake: FakeGitHub, request: Request, branch: str) -> Json:
    assert get_object(request.body).get("force") is False, "never by force"
    present, sha = fake.repository.branches.get(branch), request.get("sha")
    if present is None:
        raise Problem(422, "Reference does not exist")
    if not fake.repository.is_above(present, sha):
        raise Problem(422, "Update is not a fast forward")
    fake.repository.branches[branch] = sha
    return _show_branch(fake, branch, request)


def create_blob(fake: FakeGitHub, request: Request) -> Json:
    assert request.get("encoding") == "base64"
    sha = fake.repository.add_blob(base64.b64decode(request.get("content"), validate=True))
    return {"sha": sha, "url": f"{request.place}/git/blobs/{sha}"}


def create_tree(fake: FakeGitHub, request: Request) -> Json:
    entries = get_object(request.body)["tree"]
    assert isinstance(entries, list)
    known = {str(one["path"]): str(one["sha"]) for one in entries}
    if not set(known.values()) <= set(fake.repository.blobs):
        raise Problem(422, "tree.sha is not a valid blob")
    if request.get("base_tree") not in fake.repository.trees:
        raise Problem(422, "base_tree is not a valid tree oid")
    sha = fake.repository.add_tree(request.get("base_tree"), known)
    return {"sha": sha, "url": f"{request.place}/git/trees/{sha}", "tree": [], "truncated": False}


def get_commit(fake: FakeGitHub, request: Request, sha: str) -> Json:
    if sha not in fake.repository.commits:
        raise Problem(404, "Not Found")
    return _show_commit(fake.repository.commits[sha], sha, request)


def create_commit(fake: FakeGitHub, request: Request) -> Json:
    parents = get_object(request.body)["parents"]
    assert isinstance(parents, list)
    if not {*parents} <= set(fake.repository.commits):
        raise Problem(422, "Parent does not exist")
    sha = fake.repository.add_commit(
        request.get("tree"), request.get("message"), [str(one) for one in parents]
    )
    if fake.meanwhile:
        fake.meanwhile.pop(0)()
    return _show_commit(fake.repository.commits[sha], sha, request)


def merge(fake: FakeGitHub, request: Request) -> Json | None:
    """Merge with the branch's own side winning: whether it conflicts is up to the test."""
    repository, branch, sha = fake.repository, request.get("base"), request.get("head")
    head = repository.branches[branch]
    if repository.is_above(sha, head):
        return None
    if fake.merges_conflict:
        raise Problem(409, "Merge conflict")
    theirs, ours = (repository.commits[one].tree for one in (sha, head))
    tree = repository.add_tree(theirs, repository.trees[ours])
    made = repository.add_commit(tree, request.get("commit_message"), [head, sha])
    repository.branches[branch] = made
    return {"sha": made, "url": f"{request.place}/commits/{made}"}


def find_pulls(fake: FakeGitHub, request: Request) -> list[Json]:
    owner = NAME.partition("/")[0]
    wanted = (request.query["state"], request.query["head"], request.query["base"])
    return [
        make_example("pull-request-simple", number=pull.number, html_url=_get_page(pull))
        for pull in fake.repository.pulls
        if (pull.state, f"{owner}:{pull.head}", pull.base) == wanted
    ]


def create_pull(fake: FakeGitHub, request: Request) -> Json:
    if not fake.may_create_pulls:
        raise Problem(403, "GitHub Actions is not permitted to create or approve pull requests.")
    head, base = request.get("head"), request.get("base")
    branches = fake.repository.branches
    if not {head, base} <= set(branches):
        raise Problem(422, "Validation Failed")
    if fake.repository.is_above(branches[head], branches[base]):
        raise Problem(422, f"No commits between {base} and {head}")
    if any(
        (one.head, one.base, one.state) == (head, base, "open") for one in fake.repository.pulls
    ):
        raise Problem(422, "A pull request already exists")
    pull = FakePull(fake.repository.count(), head, base, request.get("title"), request.get("body"))
    fake.repository.pulls.append(pull)
    return make_example("pull-request", number=pull.number, html_url=_get_page(pull))


ROUTES = (
    Route("GET", r"/commits/(\w+)/check-runs", "checks", 200, find_check_runs),
    Route("POST", "/check-runs", "checks", 201, create_check_run),
    Route("PATCH", r"/check-runs/(\d+)", "checks", 200, update_check_run),
    Route("GET", r"/check-runs/(\d+)/annotations", "checks", 200, list_annotations),
    Route("GET", r"/issues/(\d+)/comments", "pull-requests", 200, list_comments),
    Route("POST", r"/issues/(\d+)/comments", "pull-requests", 201, create_comment),
    Route("PATCH", r"/issues/comments/(\d+)", "pull-requests", 200, update_comment),
    Route("GET", "/git/ref/heads/(.+)", "contents", 200, get_branch),
    Route("POST", "/git/refs", "contents", 201, create_branch),
    Route("PATCH", "/git/refs/heads/(.+)", "contents", 200, move_branch),
    Route("POST", "/git/blobs", "contents", 201, create_blob),
    Route("POST", "/git/trees", "contents", 201, create_tree),
    Route("GET", r"/git/commits/(\w+)", "contents", 200, get_commit),
    Route("POST", "/git/commits", "contents", 201, create_commit),
    Route("POST", "/merges", "contents", 201, merge),
    Route("GET", "/pulls", "pull-requests", 200, find_pulls),
    Route("POST", "/pulls", "pull-requests", 201, create_pull),
)


def _find_run(fake: FakeGitHub, number: str) -> FakeCheckRun:
    found = [run for run in fake.repository.check_runs if run.id == int(number)]
    if not found:
        raise Problem(404, "Not Found")
    return found[0]


def _update_check_run(run: FakeCheckRun, fields: Json, request: Request) -> Json:
    output = get_object(fields, "output")
    annotations = output.get("annotations", [])
    assert isinstance(annotations, list)
    assert len(str(output.get("title", ""))) <= 255, "GitHub's documentation says so"
    run.annotations += annotations
    run.fields.update(fields)
    run.fields["output"] = {name: output.get(name) for name in ("title", "summary", "text")}
    return _show_check_run(run, request)


def _show_check_run(run: FakeCheckRun, request: Request) -> Json:
    shown = {name: run.fields[name] for name in ("name", "external_id", "details_url", "status")}
    output = {
        **get_object(run.fields["output"]),
        "annotations_count": len(run.annotations),
        "annotations_url": f"{request.place}/check-runs/{run.id}/annotations",
    }
    return make_example(
        "check-run",
        **shown,
        id=run.id,
        conclusion=run.fields["conclusion"],
        head_sha=run.head_sha,
        check_suite={"id": 5},
        output=output,
        url=f"{request.place}/check-runs/{run.id}",
        html_url=f"https://github.example/{NAME}/runs/{run.id}",
    )


def _show_comment(comment: FakeComment, request: Request) -> Json:
    place = f"{request.place}/issues/comments/{comment.id}"
    author = make_example("simple-user", type=comment.user_type)
    return make_example(
        "issue-comment",
        id=comment.id,
        body=comment.body,
        url=place,
        user=author,
        author_association=comment.association,
    )


def _show_branch(fake: FakeGitHub, branch: str, request: Request) -> Json:
    sha = fake.repository.branches[branch]
    return {
        "ref": f"refs/heads/{branch}",
        "node_id": "x",
        "url": f"{request.place}/git/refs/heads/{branch}",
        "object": {"type": "commit", "sha": sha, "url": f"{request.place}/git/commits/{sha}"},
    }


def _show_commit(commit: FakeCommit, sha: str, request: Request) -> Json:
    author = {"name": "Somebody", "email": "somebody@example.invalid", "date": TIME}
    return make_example(
        "git-commit",
        sha=sha,
        message=commit.message,
        tree={"sha": commit.tree, "url": f"{request.place}/git/trees/{commit.tree}"},
        parents=[
            {"sha": one, "url": f"{request.place}/x", "html_url": f"{request.place}/x"}
            for one in commit.parents
        ],
        author=author,
        committer=author,
        url=f"{request.place}/git/commits/{sha}",
    )


def _check_body(request: Request) -> str:
    body = request.get("body")
    if len(body) > MAX_COMMENT_LENGTH:
        raise Problem(422, "Body is too long (maximum is 65536 characters)")
    return body


def _get_page(pull: FakePull) -> str:
    return f"https://github.example/{NAME}/pull/{pull.number}"
