"""What foreign code writes is counted once the disk loses some of its room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from openhands_testgen.sandbox.disk import ask_disk, watch_disk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.anyio
ROOM = 1_000_000


class LookedTwiceError(Exception):
    """Nobody said stop until then."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def make_disk(write: Callable[[], tuple[int, int]]) -> Callable[[Path], tuple[int, int]]:
    """Make a disk that loses what is written at the first look after the beginning."""
    looks = 0

    def ask(folder: Path) -> tuple[int, int]:
        nonlocal looks
        assert folder.is_dir()
        looks += 1
        if looks > 3:
            raise LookedTwiceError
        lost = write() if looks == 2 else (0, 0)
        return 10 * ROOM - lost[0], 10 * ROOM - lost[1]

    return ask


async def is_stopped(folder: Path, write: Callable[[], tuple[int, int]]) -> bool:
    try:
        await watch_disk([folder], ROOM, 10, ask=make_disk(write), look_seconds=0)
    except LookedTwiceError:
        return False
    return True


@pytest.mark.parametrize(
    ("size", "files", "expected"),
    [(0, 0, False), (ROOM // 2, 1, False), (2 * ROOM, 2, True), (20, 20, True), (8, 8, False)],
)
async def test_too_much_ends_the_watch(
    tmp_path: Path, size: int, files: int, *, expected: bool
) -> None:
    def write() -> tuple[int, int]:
        for number in range(files):
            (tmp_path / f"{number}").write_bytes(b"x" * (size // files))
        return size, files

    assert await is_stopped(tmp_path, write) is expected


async def test_what_others_write_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "before").write_bytes(b"x" * 3 * ROOM)
    assert await is_stopped(tmp_path, lambda: (5 * ROOM, 50)) is False


def test_a_disk_has_room(tmp_path: Path) -> None:
    free_bytes, _ = ask_disk(tmp_path)
    assert free_bytes > 0
