"""Which observations stand: those that a fresh process made too, alone and among the others."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.offline.observations import Found, Observations, Outcome

SHUFFLES = 4


def plan_orders(found: Sequence[Found]) -> list[list[int]]:
    """Return the orders in which all are played in one process: what leaves traces comes first."""
    numbers = list(range(len(found)))
    orders = [sorted(numbers, key=lambda number: not found[number].is_polluting)]
    for seed in range(SHUFFLES):
        shuffled = numbers[:]
        random.Random(seed).shuffle(shuffled)  # noqa: S311 - no secret
        orders.append(shuffled)
    return orders


def settle(found: Sequence[Found], confirmed: Observations) -> list[Found]:
    """Return what stands; where only the words of an error differ, they are left out."""
    settled = (_settle_one(number, one, confirmed) for number, one in enumerate(found))
    return [one for one in settled if one is not None]


def _settle_one(number: int, found: Found, confirmed: Observations) -> Found | None:
    alone = confirmed.alone.get(number)
    if alone is None or alone.outcome is None or alone.noticed or not alone.is_stable:
        return None
    together = confirmed.together.get(number, [])
    others = [alone.outcome, *together]
    if any(other is None or not _agree(found.outcome, other) for other in others):
        return None
    if any(other is not None and other.message != found.outcome.message for other in others):
        quiet = found.outcome.model_copy(update={"message": ""})
        return found.model_copy(update={"outcome": quiet})
    return found


def _agree(one: Outcome, other: Outcome) -> bool:
    return _essence(one) == _essence(other)


def _essence(outcome: Outcome) -> tuple[object, ...]:
    return (
        outcome.kind,
        outcome.checks,
        outcome.changes,
        outcome.exception,
        outcome.through,
        outcome.printed,
        outcome.warned,
    )
