"""Characterize a module: explore it, confirm what was found, choose, write, and prove the tests."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from openhands_testgen.errors import NothingToTestError
from openhands_testgen.offline.cases import Case, build_case, rename_case
from openhands_testgen.offline.confirmation import plan_orders, settle
from openhands_testgen.offline.exploring import Explorer, Order
from openhands_testgen.offline.expressions import Names, RejectedSourceError
from openhands_testgen.offline.inside.vocabulary import STANDARD
from openhands_testgen.offline.merging import choose_names, merge, read_bindings
from openhands_testgen.offline.pruning import find_own_tests, prune
from openhands_testgen.offline.render import HEAD, Rendered, render_blocks, render_file
from openhands_testgen.offline.selection import MORE_PER_TARGET, Candidate, choose
from openhands_testgen.offline.trials import Reached, Stand
from openhands_testgen.sandbox.python import RunLimits, SandboxedPython
from openhands_testgen.sandbox.workbench import open_workbench

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from openhands_testgen.offline.observations import (
        Found,
        ModuleFacts,
        Observations,
        TargetFacts,
    )
    from openhands_testgen.sandbox.interpreter import Interpreter

    type Say = Callable[[str], None]

SPARE = 3
WIDE = 3
MAX_PROOFS = 3


@dataclass(frozen=True, slots=True)
class Result:
    """The test file, how many tests of ours are in it, and what all its tests reach."""

    source: str
    tests: int
    reached: Reached


@dataclass(frozen=True, slots=True)
class Characterizer:
    """Writes tests that pin what a module does today."""

    interpreter: Interpreter
    environment: Mapping[str, str]
    say: Say

    async def characterize(self, order: Order, existing: str | None) -> Result:
        """Return a test file; ``existing`` is the one that is there, whose tests all stay.

        Raises:
            NothingToTestError: no test can be written; the message says why.

        """
        reached = Reached() if existing is None else await self._measure(order, existing)
        module, found = await self._find(order, existing or "", reached)
        names = Names(module.aliases)
        chosen = choose_found(found, module, existing or "", reached, spare=1)
        cases = [case for one in chosen if (case := try_build(one, names)) is not None]
        if not cases and existing is not None and HEAD in existing:
            self.say(f"{order.output_path} has tests of ours for all of it already")
            return await self._prove(order, existing)
        if not cases:
            message = f"{order.module_path}: nothing that it does can be kept as a test"
            raise NothingToTestError(message)
        source = write(order, module, cases, existing)
        return await self._prove(order, source)

    async def _find(
        self, order: Order, existing: str, reached: Reached
    ) -> tuple[ModuleFacts, list[Found]]:
        """Explore and confirm, on one copy of the project."""
        async with open_workbench(order.project) as bench:
            explorer = Explorer(self._sandbox(bench), order)
            self.say(f"exploring {order.import_name} for up to {order.seconds:g} s")
            seen = await explorer.explore(find_examples(order))
            module = check_module(order, seen)
            names = Names(module.aliases)
            usable = [one for one in seen.found if try_build(one, names) is not None]
            wanted = choose_found(usable, module, existing, reached, spare=SPARE)
            self.say(
                f"{seen.calls} calls made, {len(usable)} worth a test; confirming {len(wanted)}"
            )
            plan = plan_orders(wanted)
            settled = settle(wanted, plan, await explorer.confirm(wanted, plan.orders))
            self.say(f"{len(settled)} are the same in a fresh process, alone and in any order")
            return module, settled

    async def _prove(self, order: Order, source: str) -> Result:
        """Run the file as the verdict will, and take out what does not pass."""
        async with open_workbench(order.project) as bench:
            stand = Stand(self._sandbox(bench), order.module_path, order.output_path)
            for seed in range(MAX_PROOFS):
                bench.put(order.output_path, source.encode())
                trial = await stand.run(seed, is_measuring=True)
                own = find_own_tests(source)
                failed = {(name, row) for name, row in trial.failed if name in own}
                if not failed:
                    break
                self.say(f"{len(failed)} tests do not pass in pytest and are taken out")
                source = prune(source, failed)
            own = find_own_tests(source)
            tests = len({(r.name, r.row) for r in trial.records if r.name in own} - trial.failed)
            if not tests:
                message = f"{order.module_path}: no test passes in pytest: {trial.log[-500:]}"
                raise NothingToTestError(message)
            return Result(source, tests, await stand.measure())

    async def _measure(self, order: Order, existing: str) -> Reached:
        self.say(f"measuring what {order.output_path} reaches already")
        async with open_workbench(order.project) as bench:
            bench.put(order.output_path, existing.encode())
            stand = Stand(self._sandbox(bench), order.module_path, order.output_path)
            await stand.run(is_measuring=True)
            return await stand.measure()

    def _sandbox(self, bench: object) -> SandboxedPython:
        return SandboxedPython(self.interpreter, bench, RunLimits(), self.environment)  # type: ignore[arg-type]


def check_module(order: Order, seen: Observations) -> ModuleFacts:
    """Return what the explorer said of the module.

    Raises:
        NothingToTestError: it could not be imported, or has nothing to call.

    """
    if seen.module is None:
        reason = seen.problem or "importing it did not end in time, or ended the interpreter"
        message = f"{order.import_name} cannot be imported from the project's copy: {reason}"
        raise NothingToTestError(message)
    if not seen.module.targets:
        message = f"{order.module_path} defines nothing that a test could call"
        raise NothingToTestError(message)
    return seen.module


def find_examples(order: Order) -> list[str]:
    """Return the sources of tests that name the module: the calls in them are worth a try."""
    last = order.import_name.rpartition(".")[2]
    found = []
    for path in sorted(order.project.rglob("*.py"))[:2000]:
        is_test = path.name.startswith("test_") or path.name.endswith("_test.py")
        if is_test and path.is_file() and path.stat().st_size < 500_000:  # noqa: PLR2004 - bytes
            text = path.read_text(encoding="utf-8", errors="replace")
            if last in text:
                found.append(text)
    return found[:20]


def try_build(found: Found, names: Names) -> Case | None:
    """Return the case, or nothing if its source may not stand in a test."""
    try:
        return build_case(found, names)
    except RejectedSourceError:
        return None


def choose_found(
    found: Sequence[Found], module: ModuleFacts, existing: str, reached: Reached, *, spare: int
) -> list[Found]:
    """Choose what becomes a test.

    Of what existing tests reach, only the decisions are taken up that they may not have tried both
    ways; and nothing at all where they are tests of ours.
    """
    tested = find_tested(module, existing)
    covered = {name for one in found for name in one.features if reached.covers(name)}
    if HEAD in existing:
        covered |= {name for one in found for name in one.features if name.startswith("d")}
    targets = {target.name: target for target in module.targets}
    candidates = [
        replace(candidate, more=0) if candidate.target in tested else candidate
        for candidate in (describe(one, targets.get(one.scenario.target)) for one in found)
    ]
    return [found[number] for number in choose(candidates, covered, spare=spare)]


def find_tested(module: ModuleFacts, existing: str) -> set[str]:
    """Return the targets that the existing tests mention."""
    if not existing:
        return set()
    tree = ast.parse(existing)
    words = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    words |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names = (target.name for target in module.targets)
    return {name for name in names if name.rpartition(".")[2] in words}


def describe(found: Found, target: TargetFacts | None) -> Candidate:
    """Return what the choice needs to know of an observation."""
    scenario, outcome = found.scenario, found.outcome
    texts = [one.text for step in scenario.steps for one in step.arguments]
    length = sum(map(len, texts)) + len(scenario.receiver or "")
    expected = sum(len(check.expected) for check in (*outcome.checks, *outcome.changes))
    is_odd = outcome.kind == "raises" and not outcome.is_on_purpose
    cost = 1.0 + length / 40 + expected / 150 + 0.4 * (len(scenario.steps) - 1)
    cost += (
        0.6 * is_odd
        + 3.0 * found.is_polluting
        + 1.0 * (target is not None and not target.is_public)
    )
    cost += 0.3 * bool(outcome.printed) + 0.3 * bool(outcome.warned)
    cost += 0.4 * (not all(text.isascii() for text in [*texts, scenario.receiver or ""]))
    shape = (
        [step.template for step in scenario.steps],
        [(a.name, a.form) for a in scenario.steps[-1].arguments],
    )
    summary = (outcome.kind, outcome.checks, outcome.changes, outcome.message, outcome.exception)
    return Candidate(
        target=scenario.target,
        features=found.features,
        cost=cost,
        outcome=str(summary),
        shape=str((shape, outcome.kind)),
        more=_count_more(found, target),
    )


def _count_more(found: Found, target: TargetFacts | None) -> int:
    """Return how many cases are worth a test for their value alone: few if little is computed."""
    if target is not None and not target.lines:
        return 1
    is_private = target is not None and not target.is_public
    return 2 if is_private or len(found.outcome.checks) > WIDE else MORE_PER_TARGET


def write(order: Order, module: ModuleFacts, cases: Sequence[Case], existing: str | None) -> str:
    """Return the whole file: a new one, or the existing one with the new tests."""
    targets = [target.name for target in module.targets]
    if existing is None:
        rendered = render_blocks(cases, targets, module.aliases)
        return render_file(rendered, order.import_name, module.aliases)
    bindings = read_bindings(existing)
    renamed = choose_names(module.aliases, bindings)
    aliases = {
        renamed.get(name, name): (one.module, one.attribute) for name, one in STANDARD.items()
    } | {renamed.get(name, name): source for name, source in module.aliases.items()}
    own: Rendered = render_blocks(
        [rename_case(case, renamed) for case in cases], targets, aliases, bindings
    )
    return merge(existing, own, aliases, order.import_name)
