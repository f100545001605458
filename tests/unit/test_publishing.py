"""What publishes is built from what the runner tells, and from nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from openhands_testgen import publishing
from openhands_testgen.errors import ConfigurationError
from openhands_testgen.reporting.github.event import Event

ROOT = Path(__file__).parents[2]
HEAD = "a" * 40
FORK = {
    "pull_request": {
        "number": 7,
        "head": {"ref": "x", "sha": HEAD, "repo": {"full_name": "stranger/shop"}},
        "base": {"ref": "main", "sha": HEAD, "repo": {"full_name": "octo/shop"}},
    }
}
NO_MODEL = ConfigurationError("no language model is set", field="llm-model")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A step of a workflow that a fork's pull request set off."""
    (tmp_path / "event.json").write_text(json.dumps(FORK))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_REPOSITORY", "octo/shop")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))


def test_the_event_comes_from_its_file() -> None:
    assert publishing.read_event({}) == Event("pull_request", HEAD, "", 7, is_fork=True)


@pytest.mark.parametrize("place", ["none.json", ""])
def test_an_event_without_a_readable_file(
    place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / place))
    assert publishing.read_event({}) == Event("pull_request")


def test_a_fork_is_excused_in_actions_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "pull requests from forks" in publishing.excuse_submit([NO_MODEL], {}, ())
    assert "pull requests from forks" in publishing.excuse_collect({})
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert not publishing.excuse_submit([NO_MODEL], {}, ())
    assert not publishing.excuse_collect({})


def test_outside_of_actions_nothing_goes_to_github(monkeypatch: pytest.MonkeyPatch) -> None:
    assert publishing.build_publisher({}) is not None
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert publishing.build_publisher({}) is None


@pytest.mark.parametrize(
    ("repository", "folder", "prefix"),
    [
        (".", ".", ""),
        (".", "backend", "backend"),
        (".", "a/.hidden", "a/.hidden"),
        ("checkout", "checkout/backend", "backend"),
        ("checkout", "checkout", ""),
        ("other", ".", ""),
        ("other", "sub", "sub"),
        ("other", "..", ""),
    ],
)
def test_the_way_from_the_repository_to_the_project(
    repository: str, folder: str, prefix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    workspace = tmp_path / "work" / "space"
    (workspace / repository / ".git").mkdir(parents=True)
    (workspace / folder).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(workspace)
    assert publishing.find_path_prefix({"working_directory": folder}) == prefix


def test_a_work_tree_of_git_is_a_repository_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / ".git").write_text("gitdir: elsewhere")
    monkeypatch.chdir(tmp_path)
    assert publishing.find_path_prefix({"working_directory": "tree/sub"}) == "sub"


@pytest.mark.parametrize(
    "module", ["cli", "bootstrap", "publishing", "reporting.publish", "reporting.github.publisher"]
)
def test_nobody_pays_for_github_before_it_is_reached(module: str) -> None:
    probe = f"import sys, openhands_testgen.{module}; print(*sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-c", probe],
        env={"PYTHONPATH": str(ROOT / "runner")},
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()
    assert not {"github", "requests", "jwt"} & set(shown)
    if module in {"cli", "bootstrap"}:
        assert not any("reporting.github" in name or "publishing" in name for name in shown)
