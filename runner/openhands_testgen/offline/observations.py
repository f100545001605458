"""What the explorer wrote, parsed: it ran foreign code, so nothing in it is believed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

MAX_TEXT_LENGTH = 4_000
MAX_FEATURES = 20_000

type Text = Annotated[str, Field(max_length=MAX_TEXT_LENGTH)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Row(_Record):
    """A record that stands in JSON as a list of its fields."""

    @model_validator(mode="before")
    @classmethod
    def _name_fields(cls, data: object) -> object:
        if isinstance(data, list) and len(data) == len(cls.model_fields):
            return dict(zip(cls.model_fields, data, strict=True))
        return data


class Argument(_Row):
    """One argument: the parameter's name, the source of its value, how it is passed."""

    name: Text
    text: Text
    form: Literal["positional", "keyword"]


class Step(_Record):
    """One action: see ``inside/scenario.py`` for the template's holes."""

    template: Text
    form: Literal["value", "statement", "context"]
    arguments: tuple[Argument, ...] = Field(default=(), max_length=50)


class Scenario(_Record):
    """Steps on one receiver; the last one is observed."""

    target: Text
    receiver: Text | None
    steps: tuple[Step, ...] = Field(min_length=1, max_length=10)


class Check(_Row):
    """One assertion."""

    subject: Text
    relation: Literal["==", "is", "approx", "holds"]
    expected: Text = ""


class Warned(_Row):
    """A warning that a call gives."""

    category: Text
    message: Text


class Outcome(_Record):
    """What came of a scenario."""

    kind: Literal["returns", "raises", "nothing"]
    checks: tuple[Check, ...] = ()
    changes: tuple[Check, ...] = ()
    exception: Text = ""
    message: Text = ""
    through: Literal["", "list"] = ""
    printed: Text = ""
    complained: Text = ""
    warned: tuple[Warned, ...] = ()
    is_on_purpose: bool = False
    is_misuse: bool = False
    is_changing: bool = False


class Found(_Record):
    """A scenario worth a test, with what it reaches: jumps (``3>4``) and decisions (``7+``)."""

    scenario: Scenario
    outcome: Outcome
    features: frozenset[Text] = Field(max_length=MAX_FEATURES)
    is_polluting: bool = False


class TargetFacts(_Record):
    """What can be called, in the order of definition."""

    name: Text
    lines: frozenset[int]
    is_public: bool
    parameters: tuple[Text, ...]


class ModuleFacts(_Record):
    """The names that the tests may import, each with its module and attribute."""

    aliases: dict[Text, tuple[Text, Text]]
    targets: tuple[TargetFacts, ...]


class Alone(_Record):
    """A scenario played again in a fresh process."""

    number: int
    outcome: Outcome | None
    noticed: tuple[Text, ...] = ()
    is_stable: bool = False


class Together(_Record):
    """A scenario played among others in one process; ``order`` says in which of the orders."""

    order: int
    number: int
    outcome: Outcome | None


class _FoundLine(_Record):
    kind: Literal["found"]
    content: Found


class _ModuleLine(_Record):
    kind: Literal["module"]
    content: ModuleFacts


class _AloneLine(_Record):
    kind: Literal["alone"]
    content: Alone


class _TogetherLine(_Record):
    kind: Literal["together"]
    content: Together


class _End(_Record):
    calls: int = 0


class _EndLine(_Record):
    kind: Literal["end"]
    content: _End


class _ProblemLine(_Record):
    kind: Literal["problem"]
    content: Text


type _Line = _FoundLine | _ModuleLine | _AloneLine | _TogetherLine | _EndLine | _ProblemLine
_LINE: TypeAdapter[_Line] = TypeAdapter(Annotated[_Line, Field(discriminator="kind")])


@dataclass(slots=True)
class Observations:
    """All that one or several runs of the explorer left."""

    module: ModuleFacts | None = None
    found: list[Found] = field(default_factory=list)
    alone: dict[int, Alone] = field(default_factory=dict)
    together: dict[int, dict[int, Outcome | None]] = field(default_factory=dict)
    calls: int = 0
    has_ended: bool = False
    problem: str = ""


def parse_observations(content: bytes) -> Observations:
    """Return what can be read; lines that are not ours, or cut off, are left out."""
    observations = Observations()
    for line in content.splitlines():
        try:
            record = _LINE.validate_json(line)
        except ValidationError:
            continue
        match record:
            case _ModuleLine(content=module):
                observations.module = module
            case _FoundLine(content=found):
                observations.found.append(found)
            case _AloneLine(content=alone):
                observations.alone[alone.number] = alone
            case _TogetherLine(content=one):
                observations.together.setdefault(one.order, {})[one.number] = one.outcome
            case _EndLine(content=end):
                observations.calls = end.calls
                observations.has_ended = True
            case _ProblemLine(content=problem):
                observations.problem = problem
    return observations
