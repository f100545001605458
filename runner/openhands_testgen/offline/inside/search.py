"""The search: call, look what is reached, and change what reached something new."""

from __future__ import annotations

import re
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from .building import Builder
from .children import TOO_SLOW, Children
from .corpus import MAX_ENTRIES, Entry, exchange, list_texts
from .kinds import NONE, Kind
from .mutations import mutate, propose
from .patterns import sample_pattern
from .probes import PATTERN_METHODS, shorten
from .scenario import STATEMENT, VALUE, Scenario
from .targets import build_inner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from .children import Answer
    from .observing import Observer
    from .targets import Target
    from .values import Values

CALL_SECONDS = 6.0
SIDE_BY_SIDE = 2
FEWEST, MOST_IN_CHILD = 4, 30
# How many calls without anything new end the search: with all lines reached, and with some left.
PATIENCE = (250, 500)
PATIENCE_SHARE = (0.2, 0.5)
FIRST_CALLS = 12
MAX_SLOW = 3
MAX_PER_SITE = 24
MAX_URGENT = 150
MAX_STEPS = 3
KEPT_PER_TARGET = 36
NUMERIC = {"==", "!=", "<", "<=", ">", ">="}


class Job(NamedTuple):
    """A scenario on its way, with the kinds its call was built from."""

    scenario: Scenario
    kinds: Mapping[str, Kind]


class State:
    """What is known of one target so far."""

    def __init__(self, builder: Builder, seeds: list[Job]) -> None:
        """Start with the calls that people wrote."""
        self.builder = builder
        self.seeds = deque(seeds)
        self.entries: list[Entry] = []
        self.calls = 0
        self.stale = 0
        self.slow = 0
        self.kept = 0
        self.outcomes: set[str] = set()

    @property
    def target(self) -> Target:
        """The target itself."""
        return self.builder.target


class Search:
    """Explores all targets until time is up or nothing new is reached for a while."""

    def __init__(
        self,
        states: list[State],
        values: Values,
        observer: Observer,
        keep: Callable[[dict[str, Any]], None],
        random: Random,
    ) -> None:
        """Take the targets, and where to put what is worth keeping."""
        self.calls = 0
        self.reached: set[str] = set()
        self._states = {state.target.name: state for state in states}
        self._values = values
        self._observer = observer
        self._keep = keep
        self._random = random
        self._urgent: deque[Job] = deque(maxlen=MAX_URGENT)
        self._tried: set[str] = set()
        self._proposed: dict[tuple[str, int, object], int] = {}
        self._lines: set[int] = set()

    def run(self, seconds: float) -> None:
        """Search for so long at most."""
        deadline = time.monotonic() + seconds
        last_new = 0
        children = Children(self._observe, CALL_SECONDS, self._observer.project)
        while True:
            is_over = time.monotonic() > deadline or self.calls - last_new > self._get_patience()
            if not is_over and children.running < SIDE_BY_SIDE:
                batch = self._choose_batch(children)
                if batch:
                    children.start(batch)
            if not children:
                return
            answer = children.wait()
            if answer is not None and self._learn(answer):
                last_new = self.calls

    def _get_patience(self) -> float:
        """Return how many calls without anything new are worth making."""
        targets = [state.target for state in self._states.values() if state.target.is_public]
        is_hiding = any(target.lines - self._lines for target in targets)
        return max(PATIENCE[is_hiding], self.calls * PATIENCE_SHARE[is_hiding])

    def _observe(self, job: Job) -> tuple[dict[str, Any], bool]:
        data = self._observer.observe(job.scenario)
        return data, not data.get("is_polluting")

    def _choose_batch(self, children: Children) -> list[Job]:
        """Choose jobs for one child, those first that another one left."""
        size = max(FEWEST, min(MOST_IN_CHILD, self.calls // 10))
        batch: list[Job] = children.left[:size]
        del children.left[:size]
        while len(batch) < size:
            job = self._choose()
            if job is None:
                break
            self.calls += 1
            self._states[job.scenario.target].calls += 1
            batch.append(job)
        return batch

    def _choose(self) -> Job | None:
        """Choose what to call next; nothing if all that is left has been tried."""
        for _ in range(200):
            job = self._propose_job()
            if job is None:
                continue
            text = f"{job.scenario.target}\n{job.scenario.render()}"
            if text not in self._tried:
                self._tried.add(text)
                return job
        return None

    def _propose_job(self) -> Job | None:
        if self._urgent and self._random.random() < 0.6:  # noqa: PLR2004 - more than half
            return self._urgent.popleft()
        state = self._choose_state()
        if state is None:
            return None
        if state.seeds:
            return state.seeds.popleft()
        lot = self._random.random()
        if not state.entries or state.calls < FIRST_CALLS or lot < 0.3:  # noqa: PLR2004
            return self._build_fresh(state)
        entry = self._random.choice(state.entries)
        if state.target.owner and lot < 0.5:  # noqa: PLR2004 - shares of a whole
            return self._prepend_step(state, entry)
        return self._change(state, entry)

    def _choose_state(self) -> State | None:
        states = [state for state in self._states.values() if self._is_open(state)]
        if not states:
            return None
        return self._random.choices(states, [self._weigh(state) for state in states])[0]

    def _is_open(self, state: State) -> bool:
        if state.slow >= MAX_SLOW:
            return False
        return not state.target.owner or bool(self._values.pools.get(state.target.owner))

    def _weigh(self, state: State) -> float:
        """Weigh a target: what it still hides, and how long it has been hiding it."""
        target = state.target
        hidden = len(target.lines - self._lines)
        if state.calls < FIRST_CALLS or state.seeds:
            weight = 8.0
        else:
            weight = (hidden + 0.5) / (1 + state.stale / 40)
        if not target.is_public:
            weight *= 0.3 if hidden else 0.01
        return weight / (1 + state.slow)

    def _build_fresh(self, state: State) -> Job:
        share = 0.0 if state.calls == 0 else self._random.choice((0.0, 0.3, 0.6))
        step, kinds = state.builder.build(share)
        return Job(state.builder.wrap(step, self._choose_receiver(state)), kinds)

    def _choose_receiver(self, state: State) -> str | None:
        owner = state.target.owner
        return self._random.choice(self._values.pools[owner]) if owner else None

    def _prepend_step(self, state: State, entry: Entry) -> Job:
        """Have another call on the same receiver come first."""
        steps = [
            one.scenario.last
            for other in self._states.values()
            if other.target.owner == state.target.owner
            for one in other.entries
            if one.is_changing
        ]
        if not steps or len(entry.scenario.steps) >= MAX_STEPS:
            return self._change(state, entry)
        scenario = entry.scenario._replace(
            steps=(self._random.choice(steps), *entry.scenario.steps)
        )
        return Job(scenario, entry.kinds)

    def _change(self, state: State, entry: Entry) -> Job:
        """Change one value: a little, or for a fresh one, or for one of another scenario."""
        scenario, random = entry.scenario, self._random
        texts = list_texts(scenario)
        if not texts:
            return self._build_fresh(state)
        number = random.randrange(len(texts))
        lot = random.random()
        if lot < 0.6:  # noqa: PLR2004 - shares of a whole
            text = mutate(texts[number], random, state.builder.place)
            return Job(exchange(scenario, number, text), entry.kinds)
        step, kinds = state.builder.build()
        if lot < 0.8 and len(step.arguments) == len(scenario.last.arguments) > number:  # noqa: PLR2004
            text = step.arguments[number].text
            return Job(exchange(scenario, number, text), {**entry.kinds, **kinds})
        steps = (*scenario.steps[:-1], step)
        return Job(scenario._replace(steps=steps), kinds)

    def _learn(self, answer: Answer) -> bool:
        """Take in an answer; return whether something new was reached."""
        job: Job = answer.job
        state = self._states[job.scenario.target]
        if answer.data is None:
            state.slow += answer.problem == TOO_SLOW
            return False
        outcome = answer.data["outcome"]
        is_misuse = outcome["kind"] == "nothing" or bool(outcome.get("is_misuse"))
        is_misuse = is_misuse and not outcome.get("is_on_purpose")
        state.builder.learn(job.kinds, is_misuse=is_misuse)
        features = answer.data.get("features", [])
        new = [feature for feature in features if feature not in self.reached]
        self.reached.update(new)
        self._lines.update(_list_lines(new))
        self._take_hints(state, job, answer.data.get("hints", ()))
        state.stale = 0 if new else state.stale + 1
        if new and len(state.entries) < MAX_ENTRIES:
            state.entries.append(Entry(job.scenario, job.kinds, bool(outcome.get("is_changing"))))
        self._add_inner(state, job, outcome)
        self._pool(state, job, outcome)
        self._report(state, job, answer.data, is_new=bool(new))
        return bool(new)

    def _add_inner(self, state: State, job: Job, outcome: dict[str, Any]) -> None:
        """Take up what a call returned as something to call in its turn."""
        scenario = job.scenario
        if (
            outcome.get("signature") is None
            or len(scenario.steps) > 1
            or scenario.last.form != VALUE
        ):
            return
        parameters = [(name, form, required) for name, form, required in outcome["signature"]]
        inner = build_inner(state.target, parameters)
        self._values.add([inner.owner], scenario.last.render(scenario.receiver or ""))
        if inner.name not in self._states:
            place = state.builder.place
            self._states[inner.name] = State(Builder(inner, place, self._values, self._random), [])

    def _pool(self, state: State, job: Job, outcome: dict[str, Any]) -> None:
        """Remember how to make a value of the classes that came out, for other calls to take."""
        scenario = job.scenario
        types = [name for name in outcome.get("types", ()) if not name.startswith("builtins.")]
        is_chain = len(scenario.steps) > 1 or (scenario.receiver or "").count("(") > 2  # noqa: PLR2004
        if not types or is_chain or scenario.last.form == STATEMENT or outcome.get("is_iterator"):
            return
        text = scenario.last.render(scenario.receiver or "")
        if scenario.last.form == "value" and len(text) < 200 and state.target.is_public:  # noqa: PLR2004
            self._values.add(types, text)

    def _take_hints(self, state: State, job: Job, hints: list[list[Any]]) -> None:
        """Propose changes where a decision has not gone both ways yet."""
        texts = list_texts(job.scenario)
        for site, operation, left, right in hints:
            if len(self._urgent) >= MAX_URGENT:
                return
            key = (state.target.name, site, left if operation in PATTERN_METHODS else None)
            if self._is_settled(site, operation, left) or self._proposed.get(key, 0) > MAX_PER_SITE:
                continue
            if operation == "isinstance":
                changes = self._propose_kinds(state, job, left, right)
            else:
                changes = propose(texts, (operation, left, right), self._make_regex_text)
            for number, text in changes:
                self._proposed[key] = self._proposed.get(key, 0) + 1
                self._urgent.append(Job(exchange(job.scenario, number, text), job.kinds))

    def _propose_kinds(
        self, state: State, job: Job, number: int, names: list[str]
    ) -> list[tuple[int, str]]:
        """Propose values of the classes that an argument was held against."""
        changes = []
        arguments = job.scenario.last.arguments
        for name in names:
            short = name.rpartition(".")[2] if name.startswith("builtins.") else ""
            kind = Kind(short) if short in _SIMPLE else Kind("object", (), name)
            kind = NONE if name == "None" else kind
            if kind.name != "object" or name in self._values.pools:
                if number < len(arguments):
                    state.builder.add_kind(arguments[number].name, kind)
                changes.append((number, self._values.make_one(kind, state.builder.place)))
        return changes

    def _is_settled(self, site: int, operation: str, left: object) -> bool:
        if operation in PATTERN_METHODS and isinstance(left, str):
            return f"d{site}/{shorten(left)}" in self.reached
        ways = [("+", "-"), *([("=", "<1", ">1")] if operation in NUMERIC else [])]
        return any(all(f"d{site}{one}" in self.reached for one in way) for way in ways)

    def _make_regex_text(self, pattern: str) -> str:
        try:
            return sample_pattern(re.compile(pattern), self._random)
        except re.error:
            return ""

    def _report(self, state: State, job: Job, data: dict[str, Any], *, is_new: bool) -> None:
        outcome = data["outcome"]
        if not data.get("is_stable") or not is_worth_keeping(outcome):
            return
        summary = str([outcome["checks"], outcome.get("message"), outcome.get("changes")])
        if not is_new:
            if state.kept >= KEPT_PER_TARGET or summary in state.outcomes:
                return
            state.kept += 1
        state.outcomes.add(summary)
        self._keep(
            {
                "scenario": job.scenario.to_json(),
                "outcome": outcome,
                "features": data["features"],
                "is_polluting": data["is_polluting"],
            }
        )


_SIMPLE = frozenset(
    ["int", "float", "complex", "bool", "str", "bytes", "list", "tuple", "set", "frozenset", "dict"]
)


def is_worth_keeping(outcome: dict[str, Any]) -> bool:
    """Whether a test could assert something about it."""
    if outcome["kind"] == "returns":
        return bool(outcome["checks"] or outcome.get("changes") or outcome["printed"])
    if outcome["kind"] != "raises" or not outcome["exception"]:
        return False
    return bool(outcome["is_on_purpose"] or not outcome["is_misuse"])


def _list_lines(features: list[str]) -> list[int]:
    """Return the lines that jumps lead to."""
    return [int(one.rpartition(">")[2]) for one in features if not one.startswith("d")]
