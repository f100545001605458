"""A scenario: what a test does before it asserts, as data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from .vocabulary import ARGUMENT, SUBJECT

if TYPE_CHECKING:
    from collections.abc import Sequence

POSITIONAL = "positional"
KEYWORD = "keyword"
VALUE = "value"
STATEMENT = "statement"
CONTEXT = "context"
_HOLE = re.compile(r"\{(self|args|\d)\}")


class Argument(NamedTuple):
    """One argument: the parameter's name, the source of the value, and how it is passed."""

    name: str
    text: str
    form: str = POSITIONAL


class Step(NamedTuple):
    """One action.

    The template has holes: ``{self}`` for the receiver, ``{args}`` for all arguments as in a call,
    ``{0}`` for one of them. A *value* has a result, a *statement* has none, and a *context* is
    entered to get one.
    """

    template: str
    arguments: tuple[Argument, ...] = ()
    form: str = VALUE

    def render(self, subject: str, texts: Sequence[str] | None = None) -> str:
        """Return the source; ``texts`` stand in for the arguments' own."""
        own = [one.text for one in self.arguments] if texts is None else list(texts)
        passed = ", ".join(
            f"{one.name}={text}" if one.form == KEYWORD else text
            for one, text in zip(self.arguments, own)
        )

        def fill(match: re.Match[str]) -> str:
            hole = match[1]
            return {"self": subject, "args": passed}[hole] if hole.isalpha() else own[int(hole)]

        return _HOLE.sub(fill, self.template)

    @property
    def variables(self) -> tuple[str, ...]:
        """The names that hold the arguments' values while the step runs."""
        return tuple(ARGUMENT.format(number) for number in range(len(self.arguments)))


class Scenario(NamedTuple):
    """Steps on one receiver, if there is one; the last step is what is observed.

    ``target`` names what it is about as a reader would (``Cart.add``).
    """

    target: str
    steps: tuple[Step, ...]
    receiver: str | None = None

    @property
    def last(self) -> Step:
        """The step that is observed."""
        return self.steps[-1]

    def render(self) -> str:
        """Return all of it as one text that identifies it."""
        lines = [] if self.receiver is None else [self.receiver]
        return "\n".join([*lines, *(step.render(SUBJECT) for step in self.steps)])

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "target": self.target,
            "receiver": self.receiver,
            "steps": [
                {
                    "template": step.template,
                    "form": step.form,
                    "arguments": [list(one) for one in step.arguments],
                }
                for step in self.steps
            ],
        }


def parse_scenario(data: dict[str, Any]) -> Scenario:
    """Return a scenario from plain data."""
    steps = tuple(
        Step(one["template"], tuple(Argument(*item) for item in one["arguments"]), one["form"])
        for one in data["steps"]
    )
    return Scenario(data["target"], steps, data["receiver"])
