"""The state folder: private, one engine at a time, found again by its id."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.clients.state_folder import StateFolder
from openhands_testgen.errors import ConfigurationError
from tests.fakes.orders import make_order, make_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / "state")
    folder.prepare()
    return folder


def test_nobody_else_can_look_in(folder: StateFolder) -> None:
    assert folder.root.stat().st_mode & 0o077 == 0


def test_a_place_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"^state-dir: .*cannot be used"):
        StateFolder(tmp_path / "file").prepare()


def test_the_id_is_made_once(folder: StateFolder) -> None:
    assert folder.read_engine_id() == StateFolder(folder.root).read_engine_id()


def test_there_is_one_engine_at_a_time(folder: StateFolder) -> None:
    assert not folder.is_engine_alive()
    seat = folder.become_engine()
    assert seat is not None
    assert folder.is_engine_alive()
    assert folder.become_engine() is None
    seat.leave()
    seat.leave()
    assert not folder.is_engine_alive()


def test_an_engine_notices_that_its_folder_is_gone(folder: StateFolder) -> None:
    seat = folder.become_engine()
    assert seat is not None
    assert seat.is_valid()
    (folder.root / "engine.lock").unlink()
    assert not seat.is_valid()
    (folder.root / "engine.lock").touch()
    assert not seat.is_valid()
    seat.leave()


def test_tasks_are_found_again_oldest_first(tmp_path: Path, folder: StateFolder) -> None:
    snapshot = make_project(tmp_path / "project")
    added = [folder.add(make_order(snapshot, number)) for number in (3, 1, 2)]
    assert folder.list_tasks() == added
    assert folder.find(f"{1:032x}") == added[1]
    assert folder.find(f"{9:032x}") is None


def test_tasks_that_were_over_long_ago_are_removed(tmp_path: Path, folder: StateFolder) -> None:
    snapshot = make_project(tmp_path / "project")
    running, old, new = (folder.add(make_order(snapshot, number)) for number in (1, 2, 3))
    old.drop()
    moment = (old.path / "state.json").stat().st_mtime + 0.001
    new.drop()
    os.utime(new.path / "state.json", (moment, moment))
    folder.prune(before=moment)
    assert folder.list_tasks() == [running, new]


def test_a_folder_that_does_not_exist_has_no_tasks(tmp_path: Path) -> None:
    assert StateFolder(tmp_path / "none").list_tasks() == []
