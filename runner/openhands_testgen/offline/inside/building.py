"""Build calls of a target, and learn which kinds of values its parameters take."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from .kinds import ANY, Kind
from .parameters import STAR, STARS
from .scenario import KEYWORD, POSITIONAL, Argument, Scenario, Step
from .values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from .parameters import Parameter
    from .targets import Target
    from .values import Place, Values

OPTIONAL_SHARE = 0.3
LEAST, MOST = 0.02, 4.0
WORSE, BETTER = 0.8, 1.25


class Builder:
    """Builds calls of one target. Kinds that lead to misuse are chosen less and less."""

    def __init__(self, target: Target, place: Place, values: Values, random: Random) -> None:
        """Weigh the kinds of each parameter as far as they are known."""
        self.target = target
        self.place = place
        self._values = values
        self._random = random
        self._weights = {one.name: _weigh(one) for one in target.parameters}

    def build(self, optional_share: float = OPTIONAL_SHARE) -> tuple[Step, dict[str, Kind]]:
        """Return a call with fresh values, and the kinds that were chosen for it."""
        chosen: dict[str, Kind] = {}
        arguments: list[Argument] = []
        has_gap = False
        for one in self.target.parameters:
            if one.form == STAR:
                arguments += self._make_many(one, chosen) if not has_gap else []
            elif one.form == STARS:
                arguments += self._make_named(one, chosen, optional_share)
            elif one.is_required or self._random.random() < optional_share:
                form = KEYWORD if has_gap else one.form
                arguments.append(Argument(one.name, self.make(one, chosen), form))
            elif one.form == POSITIONAL:
                has_gap = True
        return Step(self.target.template, tuple(arguments), self.target.form), chosen

    def make(self, parameter: Parameter, chosen: dict[str, Kind]) -> str:
        """Return a value for one parameter, noting its kind."""
        weights = self._weights[parameter.name]
        kind = self._random.choices(list(weights), list(weights.values()))[0]
        chosen[parameter.name] = kind
        return self._values.make_one(kind, self.place)

    def wrap(self, step: Step, receiver: str | None) -> Scenario:
        """Return the scenario that consists of one call."""
        return Scenario(self.target.name, (step,), receiver)

    def learn(self, chosen: Mapping[str, Kind], *, is_misuse: bool) -> None:
        """Weigh the kinds anew after a call with them."""
        for name, kind in chosen.items():
            weights = self._weights.get(name, {})
            if kind in weights:
                factor = WORSE if is_misuse else BETTER
                weights[kind] = max(LEAST, min(MOST, weights[kind] * factor))

    def add_kind(self, name: str, kind: Kind) -> None:
        """Take up a kind that the function was seen to ask for."""
        self._weights.get(name, {}).setdefault(kind, 1.0)

    def _make_many(self, one: Parameter, chosen: dict[str, Kind]) -> list[Argument]:
        count = self._random.choice((0, 1, 2, 2, 3))
        return [Argument(one.name, self.make(one, chosen)) for _ in range(count)]

    def _make_named(self, one: Parameter, chosen: dict[str, Kind], share: float) -> list[Argument]:
        if self._random.random() >= share:
            return []
        names = self._random.sample(("a", "b", "name", "key"), self._random.choice((1, 2)))
        return [Argument(name, self.make(one, chosen), KEYWORD) for name in names]


def _weigh(parameter: Parameter) -> dict[Kind, float]:
    kinds = [kind for kind in parameter.kinds if kind != ANY]
    weights = {kind: 1.0 / (1 + 0.3 * position) for position, kind in enumerate(kinds)}
    if not kinds or kinds == [Kind("none")]:
        weights.update(dict.fromkeys((Kind(name) for name in UNKNOWN), 0.5))
    elif parameter.default is inspect.Parameter.empty:
        weights.setdefault(ANY, 0.05)
    return weights
