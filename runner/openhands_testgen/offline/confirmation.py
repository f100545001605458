"""Which observations stand: those that fresh processes made too, alone and among the others."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from openhands_testgen.offline.observations import Found, Observations, Outcome

SHUFFLES = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """The orders in which scenarios are played in one process each, by number.

    Those that leave traces in the module's own state are in none of ``clean``; in ``soiled`` they
    come first, before all others. It is empty if there are none.
    """

    clean: tuple[tuple[int, ...], ...]
    soiled: tuple[int, ...]

    @property
    def orders(self) -> tuple[tuple[int, ...], ...]:
        """All orders; the soiled one, if there is one, is the last."""
        return (*self.clean, *([self.soiled] if self.soiled else []))


def plan_orders(found: Sequence[Found]) -> Plan:
    """Plan the orders."""
    clean = [number for number, one in enumerate(found) if not one.is_polluting]
    soiling = [number for number, one in enumerate(found) if one.is_polluting]
    shuffled = []
    for seed in range(SHUFFLES):
        order = clean[:]
        random.Random(seed).shuffle(order)  # noqa: S311 - no secret
        shuffled.append(tuple(order))
    return Plan(tuple(shuffled), (*soiling, *clean) if soiling else ())


def settle(found: Sequence[Found], plan: Plan, confirmed: Observations) -> list[Found]:
    """Return what stands; where only the words of an error differ, they are left out.

    Of those that leave traces none stands if any other one comes out differently after them.
    """
    places = range(len(plan.clean))
    alone = {
        number: one
        for number, one in enumerate(found)
        if not one.is_polluting and _stands(number, one, confirmed, places)
    }
    last = confirmed.together.get(len(plan.clean), {})
    is_harmless = all(_agree(one.outcome, last.get(number)) for number, one in alone.items())
    soiling = {
        number: one
        for number, one in enumerate(found)
        if one.is_polluting and is_harmless and _stands(number, one, confirmed, [len(plan.clean)])
    }
    both = sorted({**alone, **soiling}.items())
    return [_quieten(number, one, confirmed) for number, one in both]


def _stands(number: int, found: Found, confirmed: Observations, places: Iterable[int]) -> bool:
    alone = confirmed.alone.get(number)
    if alone is None or alone.noticed or not alone.is_stable:
        return False
    others = [alone.outcome]
    others += [confirmed.together.get(place, {}).get(number) for place in places]
    return all(_agree(found.outcome, other) for other in others)


def _quieten(number: int, found: Found, confirmed: Observations) -> Found:
    """Leave out an error's message if it is not the same every time."""
    outcomes = [order.get(number) for order in confirmed.together.values()]
    outcomes += [one.outcome for one in [confirmed.alone.get(number)] if one is not None]
    if all(one is None or one.message == found.outcome.message for one in outcomes):
        return found
    return found.model_copy(update={"outcome": found.outcome.model_copy(update={"message": ""})})


def _agree(one: Outcome, other: Outcome | None) -> bool:
    return other is not None and _get_essence(one) == _get_essence(other)


def _get_essence(outcome: Outcome) -> tuple[object, ...]:
    return (
        outcome.kind,
        outcome.checks,
        outcome.changes,
        outcome.exception,
        outcome.through,
        outcome.printed,
        outcome.warned,
    )
