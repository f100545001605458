"""Which observations become tests: few that reach much, then some that differ in value."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

JUMP_WEIGHT = 3.0
DECISION_WEIGHT = 1.0
ENTRY_WEIGHT = 0.6
MORE_PER_TARGET = 5
MAX_CASES = 500


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a choice needs to know of one observation.

    ``features`` are what it reaches; ``cost`` grows with its length and oddness; ``outcome``
    identifies what comes of it, ``shape`` how it is written; ``more`` is how many such are worth a
    test that reach nothing new.
    """

    target: str
    features: frozenset[str]
    cost: float
    outcome: str
    shape: str
    more: int = MORE_PER_TARGET


def choose(
    candidates: Sequence[Candidate], covered: Collection[str] = (), spare: int = 1
) -> list[int]:
    """Return the numbers of the chosen ones, those first that reach most for their cost.

    ``covered`` is what other tests reach already. With ``spare`` above 1 every feature is reached
    so many times where possible, so that some may drop out later.
    """
    missing = _count_missing(candidates, covered, spare)
    chosen = _cover(candidates, missing)
    chosen += _diversify(candidates, chosen, spare)
    return chosen[: MAX_CASES * spare]


def _count_missing(
    candidates: Sequence[Candidate], covered: Collection[str], spare: int
) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for candidate in candidates:
        for feature in candidate.features:
            found[feature] += 1
    return {name: min(count, spare) for name, count in found.items() if name not in covered}


def _cover(candidates: Sequence[Candidate], missing: dict[str, int]) -> list[int]:
    """Choose greedily; what a candidate gains only ever shrinks, so most need no second look."""
    queue = [(-_gain(one, missing), number) for number, one in enumerate(candidates)]
    heapq.heapify(queue)
    shapes: set[tuple[str, str]] = set()
    chosen: list[int] = []
    while queue:
        promised, number = heapq.heappop(queue)
        candidate = candidates[number]
        gain = _gain(candidate, missing)
        if gain <= 0:
            continue
        if -gain > promised + 1e-9:
            heapq.heappush(queue, (-gain, number))
            continue
        chosen.append(number)
        shapes.add((candidate.target, candidate.shape))
        for feature in candidate.features:
            if missing.get(feature, 0) > 0:
                missing[feature] -= 1
    return chosen


def _gain(candidate: Candidate, missing: dict[str, int]) -> float:
    new = (feature for feature in candidate.features if missing.get(feature, 0) > 0)
    return sum(map(_weigh, new)) / candidate.cost


def _weigh(feature: str) -> float:
    """Weigh a jump (``3>4``), a decision (``d7+``) or a table's entry (``d7/1f``)."""
    if not feature.startswith("d"):
        return JUMP_WEIGHT
    return ENTRY_WEIGHT if "/" in feature else DECISION_WEIGHT


def _diversify(candidates: Sequence[Candidate], chosen: list[int], spare: int) -> list[int]:
    """Add some for each target whose outcome no other has: cheap ones, in shapes that are there."""
    outcomes = {(candidates[n].target, candidates[n].outcome) for n in chosen}
    shapes = {(candidates[n].target, candidates[n].shape) for n in chosen}
    counts: dict[str, int] = defaultdict(int)
    taken = set(chosen)
    added: list[int] = []
    for number in sorted(_rest(candidates, taken), key=lambda n: _rank(candidates[n], shapes)):
        candidate = candidates[number]
        key = (candidate.target, candidate.outcome)
        if key not in outcomes and counts[candidate.target] < candidate.more * spare:
            outcomes.add(key)
            counts[candidate.target] += 1
            added.append(number)
    return added


def _rest(candidates: Sequence[Candidate], taken: set[int]) -> Iterable[int]:
    return (number for number in range(len(candidates)) if number not in taken)


def _rank(candidate: Candidate, shapes: set[tuple[str, str]]) -> tuple[bool, float]:
    return ((candidate.target, candidate.shape) not in shapes, candidate.cost)
