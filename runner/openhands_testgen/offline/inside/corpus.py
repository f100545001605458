"""Scenarios that reached something new, and how parts of them are exchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .kinds import Kind
    from .scenario import Scenario

MAX_ENTRIES = 60


class Entry(NamedTuple):
    """A scenario worth changing, and the kinds that its call was built from."""

    scenario: Scenario
    kinds: Mapping[str, Kind]
    is_changing: bool


def list_texts(scenario: Scenario) -> list[str]:
    """Return the sources of all values: those of the last call, the others, the receiver."""
    texts = [one.text for step in reversed(scenario.steps) for one in step.arguments]
    return texts + ([] if scenario.receiver is None else [scenario.receiver])


def exchange(scenario: Scenario, number: int, text: str) -> Scenario:
    """Return the scenario with another source for the value of this number."""
    steps = list(scenario.steps)
    for position in range(len(steps) - 1, -1, -1):
        arguments = list(steps[position].arguments)
        if number < len(arguments):
            arguments[number] = arguments[number]._replace(text=text)
            steps[position] = steps[position]._replace(arguments=tuple(arguments))
            return scenario._replace(steps=tuple(steps))
        number -= len(arguments)
    return scenario._replace(receiver=text)
