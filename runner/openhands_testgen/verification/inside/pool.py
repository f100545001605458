"""Several workers at once, and what each of them is given to do."""

from __future__ import annotations

import json
import marshal
import os
import select
import time
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, NoReturn

from openhands_testgen.verification.inside import isolation, warmth
from openhands_testgen.verification.inside.account import Account
from openhands_testgen.verification.inside.channel import Channel, ClosedError, open_pair

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from socket import socket

    from openhands_testgen.verification.inside.surroundings import Setup, Surroundings
    from openhands_testgen.verification.inside.turn import Turn


@dataclass(frozen=True)
class Job:
    """One turn for any worker; ``key`` is the caller's, ``seconds`` of CPU time may be used."""

    key: str
    setup: Setup
    turn: Turn
    seconds: float


@dataclass(frozen=True)
class _UnderWay:
    """Jobs that are under way: ``idle`` are workers without one, ``busy`` those that have one."""

    waiting: Iterator[Job]
    idle: list[int]
    busy: dict[int, Job]
    deadline: float


class LostWorkerError(Exception):
    """A worker has ended, which none does by itself."""


class Pool:
    """The workers, started before there is any plan: nothing of it can be found in their memory."""

    def __init__(self, where: Surroundings, count: int) -> None:
        """Fork the process that all workers come from."""
        isolation.become_unreachable()
        pairs = [open_pair() for _ in range(count)]
        stem = os.fork()
        if not stem:
            for ours, _ in pairs:
                ours.close()
            _grow(where, [theirs for _, theirs in pairs])
        for _, theirs in pairs:
            theirs.close()
        self._workers = [Channel(ours) for ours, _ in pairs]

    @property
    def count(self) -> int:
        """How many workers there are."""
        return len(self._workers)

    def keep_one(self) -> None:
        """Do one thing at a time from now on."""
        for worker in self._workers[1:]:
            worker.close()
        del self._workers[1:]

    def run(self, jobs: Iterable[Job], deadline: float) -> Iterator[tuple[Job, Account]]:
        """Begin at once; yield jobs as they are done.

        None is begun after the deadline, none waited for.

        Raises:
            LostWorkerError: a worker has gone.

        """
        under_way = _UnderWay(iter(jobs), list(range(len(self._workers))), {}, deadline)
        self._hand_out(under_way)
        return self._wait(under_way)

    def _hand_out(self, under_way: _UnderWay) -> None:
        while under_way.idle and time.monotonic() < under_way.deadline:
            job = next(under_way.waiting, None)
            if job is None:
                break
            index = under_way.idle.pop(0)
            under_way.busy[index] = job
            self._send(index, job)

    def _wait(self, under_way: _UnderWay) -> Iterator[tuple[Job, Account]]:
        idle, busy, deadline = under_way.idle, under_way.busy, under_way.deadline
        while busy:
            channels = {self._workers[index].fileno(): index for index in busy}
            left = max(deadline - time.monotonic(), 0)
            ready = select.select(list(channels), [], [], left)[0]
            if not ready:
                return
            for descriptor in ready:
                index = channels[descriptor]
                idle.append(index)
                yield busy.pop(index), self._receive(index)
            self._hand_out(under_way)

    def _send(self, index: int, job: Job) -> None:
        message = (astuple(job.setup), astuple(job.turn), job.seconds)
        try:
            self._workers[index].send(marshal.dumps(message))
        except ClosedError as exc:
            raise LostWorkerError from exc

    def _receive(self, index: int) -> Account:
        try:
            return Account(**json.loads(self._workers[index].receive()[0]))
        except ClosedError as exc:
            raise LostWorkerError from exc


def _grow(where: Surroundings, ends: list[socket]) -> NoReturn:
    """Warm up, and become one worker for each end."""
    isolation.silence()
    isolation.close_all_but(end.fileno() for end in ends)
    from openhands_testgen.verification.inside.worker import serve

    if where.is_fast:
        warmth.import_all(warmth.find_imports((where.tests, where.module)), where.roots)
    warmth.settle(where.roots)
    os.chdir(where.project)
    for index, end in enumerate(ends):
        if index == len(ends) - 1 or not os.fork():
            for other in ends:
                if other is not end:
                    other.close()
            serve(where, Channel(end))
    os._exit(0)
