"""The ledger: which tests of a file are sound so far, and what is left of the file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from openhands_testgen.domain.expected import find_definitions
from openhands_testgen.domain.verdict import CaseResult, Outcome, Problem
from openhands_testgen.verification.cutting import Target, cut_tests
from openhands_testgen.verification.journal import render_classname
from openhands_testgen.verification.source_text import SourceText
from openhands_testgen.verification.stages.run import get_definition_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from openhands_testgen.domain.expected import Definition
    from openhands_testgen.verification.journal import Item

INSEPARABLE = Problem(
    "inseparable",
    "shares its function with a case that is not sound",
    "give the sound case a function of its own",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A test: how the file at hand names it, what is known of it, where it stood at first."""

    item: Item
    case: CaseResult
    origin: Target


@dataclass(slots=True)
class Ledger:
    """The tests of one file. A test that is left out keeps the name and line that it came with.

    What is cut can change the names of what stays (``test_a[x1]`` is ``test_a[x0]`` then): the
    order stays, and by it each test is known again. ``protected`` are tests that stood there before
    (``TestCart::test_add``): they are not judged by us, and stay in what is delivered.
    """

    output_path: str
    content: bytes
    protected: frozenset[str] = frozenset()
    kept: list[Entry] = field(default_factory=list)
    left_out: list[CaseResult] = field(default_factory=list)
    _lines: dict[str, int] = field(default_factory=dict)
    _first: bytes = b""
    _gone: list[Target] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Remember the file, and where each test stood at first."""
        self._first = self.content
        self._lines = {
            one.name: one.line for one in find_definitions(SourceText(self.content).tree)
        }

    @property
    def cases(self) -> tuple[CaseResult, ...]:
        """All tests, in the order of the file as it came."""
        every = [*(entry.case for entry in self.kept), *self.left_out]
        return tuple(sorted(every, key=lambda case: case.line))

    def list_current(self) -> tuple[CaseResult, ...]:
        """Return the tests that are left, named as in the file at hand."""
        return tuple(replace(entry.case, name=entry.item.id) for entry in self.kept)

    def list_expected(self) -> tuple[str, ...]:
        """Return the names of the definitions in what is left of the file."""
        tree = SourceText(self.content).tree
        return tuple(one.name for one in find_definitions(tree) if not one.is_shadowed)

    def refuse(self, found: Iterable[tuple[Definition, Sequence[Problem]]]) -> None:
        """Cut definitions out before anything has run.

        Raises:
            CannotCutError: see ``cut_tests``.

        """
        targets = []
        for definition, problems in found:
            name = f"{self.output_path}::{definition.name}"
            targets.append(Target(name, definition.name, definition.line))
            case = CaseResult(name, render_classname(name), Outcome.REFUSED)
            self._leave_out(case, targets[-1], definition.line, problems)
        self.content = cut_tests(self.content, targets, ()).content

    def enroll(self, items: Sequence[Item]) -> bool:
        """Take the tests of a run as those of the file; return whether they are the known ones."""
        if not self.kept:
            self.kept = [Entry(item, self._make_case(item), self._aim(item)) for item in items]
            return True
        if len(items) != len(self.kept):
            return False
        pairs = zip(items, self.kept, strict=True)
        self.kept = [replace(entry, item=item) for item, entry in pairs]
        return True

    def note(self, cases: Iterable[CaseResult]) -> None:
        """Note how tests passed; those that did not are for ``strike``."""
        found = {case.name: case for case in cases}
        self.kept = [
            replace(entry, case=replace(entry.case, seconds=found[entry.item.id].seconds))
            if entry.item.id in found
            else entry
            for entry in self.kept
        ]

    def strike(self, cases: Iterable[CaseResult]) -> None:
        """Leave tests out, by the names that the file at hand gives them, and cut it.

        Raises:
            CannotCutError: see ``cut_tests``.

        """
        struck = {case.name: case for case in cases}
        bad = [entry for entry in self.kept if entry.item.id in struck]
        good = [entry for entry in self.kept if entry.item.id not in struck]
        known = {entry.item.id for entry in bad}
        unseen = [case for name, case in struck.items() if name not in known]
        targets = [self._aim(entry.item) for entry in bad]
        targets += [self._aim_at_name(one.name) for one in unseen]
        cut = cut_tests(self.content, targets, [self._aim(entry.item) for entry in good])
        self.content = cut.content
        for entry in bad:
            case = replace(struck[entry.item.id], name=entry.case.name)
            self._leave_out(case, entry.origin, entry.case.line, case.problems)
        for case in unseen:
            origin = self._aim_at_name(case.name)
            self._leave_out(case, origin, self._find_line(case.name), case.problems)
        for entry in good:
            if entry.item.id in cut.lost:
                case = replace(entry.case, outcome=Outcome.REFUSED)
                self._leave_out(case, entry.origin, entry.case.line, [INSEPARABLE])
        self.kept = [entry for entry in good if entry.item.id not in cut.lost]

    def render_delivered(self) -> bytes:
        """Return the file to deliver: what is left, and tests that were there before.

        Raises:
            CannotCutError: see ``cut_tests``.

        """
        stay = [target for target in self._gone if target.name in self.protected]
        if not stay:
            return self.content
        gone = [target for target in self._gone if target.name not in self.protected]
        return cut_tests(self._first, gone, [*stay, *(one.origin for one in self.kept)]).content

    def _leave_out(
        self, case: CaseResult, origin: Target, line: int, problems: Sequence[Problem]
    ) -> None:
        self._gone.append(origin)
        message = case.message or "; ".join(map(str, problems))
        self.left_out.append(replace(case, line=line, problems=tuple(problems), message=message))

    def _aim(self, item: Item) -> Target:
        name = get_definition_name(item.id, self.output_path)
        return Target(item.id, name, item.line, item.indices)

    def _aim_at_name(self, name: str) -> Target:
        return Target(name, get_definition_name(name, self.output_path))

    def _make_case(self, item: Item) -> CaseResult:
        line = self._find_line(item.id)
        return CaseResult(item.id, render_classname(item.id), Outcome.PASSED, line=line)

    def _find_line(self, name: str) -> int:
        return self._lines.get(get_definition_name(name, self.output_path), 0)
