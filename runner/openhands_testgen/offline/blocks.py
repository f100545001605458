"""Cases written as test functions: one for each group, or one for each case."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openhands_testgen.offline.cases import fill_in
from openhands_testgen.offline.expressions import count_uses, find_names, substitute
from openhands_testgen.offline.inside.scenario import CONTEXT, KEYWORD, STATEMENT
from openhands_testgen.offline.inside.vocabulary import ARGUMENT, RESULT, SUBJECT
from openhands_testgen.offline.layout import INDENT, LINE_LENGTH, quote, render, render_flat, wrap
from openhands_testgen.offline.naming import (
    avoid,
    name_columns,
    name_receiver,
    name_test,
    to_snake_case,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from openhands_testgen.offline.cases import Assertion, Case

MAX_MESSAGE_LENGTH = 60
_SPECIAL = re.compile(r"[\\.^$*+?{}\[\]|()]")


@dataclass(frozen=True, slots=True)
class Block:
    """One test function: its name, its text, how many tests it makes, the names that it uses."""

    name: str
    text: str
    tests: int
    names: frozenset[str]


def render_block(group: Sequence[Case], taken: set[str], imported: frozenset[str]) -> Block:
    """Render a group of cases of one shape, or a single case, as one test function.

    ``taken`` are the names of tests so far; ``imported`` are the names that the file imports.
    """
    if len(group) > 1:
        return _render_table(group, taken, imported)
    return _Single(group[0], imported).render(taken)


def _render_table(group: Sequence[Case], taken: set[str], imported: frozenset[str]) -> Block:
    first = group[0]
    what = _describe(first)
    name = name_test(first.target, what, taken, _list_telling(first))
    columns, call = _name_holes(group, imported)
    rows = [_list_values(case) for case in group]
    body, extra_column, extras = (
        _render_raising(group, call) if first.error else _render_returning(group, call)
    )
    if extra_column:
        columns = [*columns, extra_column]
        rows = [[*row, extra] for row, extra in zip(rows, extras, strict=True)]
    decorator = render_parametrize(columns, rows)
    text = f"{decorator}\ndef {name}({', '.join(columns)}):\n{_indent(body)}"
    used = find_names([ast.parse(text)])
    return Block(name, text, len(group), frozenset(used))


def _name_holes(group: Sequence[Case], imported: frozenset[str]) -> tuple[list[str], ast.AST]:
    """Return the parameters' names, and the call with them in place of the placeholders."""
    first = group[0]
    every = find_names([first.call, *(node for case in group for node in _list_values(case))])
    taken = {*every, *imported}
    wanted = [value.name for value in first.values]
    subject = [name_receiver(first.target, ())] if first.receiver is not None else []
    columns = name_columns([*subject, *wanted], taken)
    holes = [SUBJECT] * len(subject) + [ARGUMENT.format(n) for n in range(len(wanted))]
    replacements: dict[str, ast.expr] = {
        hole: ast.Name(column) for hole, column in zip(holes, columns, strict=True)
    }
    return columns, substitute(first.call, replacements)


def _list_values(case: Case) -> list[ast.expr]:
    receiver = [] if case.receiver is None else [case.receiver]
    return [*receiver, *(value.node for value in case.values)]


def _render_returning(
    group: Sequence[Case], call: ast.AST
) -> tuple[list[str], str, list[ast.expr]]:
    """Render the assertion over a table, with the column of what is expected."""
    subject = substitute(group[0].checks[0].subject, {RESULT: _as_expression(call)})
    expected = [_render_expected(case.checks[0]) for case in group]
    texts = {render_flat(one) for one in expected}
    is_bool = texts <= {"True", "False", "None"}
    word = "is" if is_bool else "=="
    if len(texts) == 1:
        return [_render_comparison(subject, word, expected[0])], "", []
    return [_render_comparison(subject, word, ast.Name("expected"))], "expected", expected


def _render_raising(group: Sequence[Case], call: ast.AST) -> tuple[list[str], str, list[ast.expr]]:
    first = group[0]
    inner = _through(call, first)
    messages = [_shorten(case.message) if case.is_on_purpose else "" for case in group]
    if len(set(messages)) == 1:
        return [_render_raises(first, messages[0]), INDENT + render(inner, INDENT * 2)], "", []
    is_simple = not any(_SPECIAL.search(message) for message in messages)
    match = "message" if is_simple else "re.escape(message)"
    head = f"with pytest.raises({_name_error(first)}, match={match}):"
    column: list[ast.expr] = [ast.Constant(message) for message in messages]
    return [head, INDENT + render(inner, INDENT * 2)], "message", column


class _Single:
    """One case as a test function of its own."""

    def __init__(self, case: Case, imported: frozenset[str]) -> None:
        self._case = case
        self._imported = imported
        self._taken = {*imported, *find_names([case.call, *_list_values(case), *case.setup])}
        self._lines: list[str] = []

    def render(self, taken: set[str]) -> Block:
        case = self._case
        name = name_test(case.target, _describe(case), taken, _list_telling(case))
        subject = self._prepare_receiver()
        names = self._prepare_arguments()
        call = substitute(case.call, {**subject, **names})
        for step in case.setup:
            self._lines.append(render(substitute(step, subject), INDENT))
        self._act(call, {**subject, **names})
        for check in case.changes:
            self._lines.append(self._assert(check, {**subject, **names}))
        if case.printed:
            self._lines.append(
                _render_comparison(
                    _parse("capsys.readouterr().out"), "==", ast.Constant(case.printed)
                )
            )
        parameters = "capsys" if case.printed else ""
        text = f"def {name}({parameters}):\n{_indent(self._lines)}"
        return Block(name, text, 1, frozenset(find_names([ast.parse(text)])))

    def _prepare_receiver(self) -> dict[str, ast.expr]:
        """Put the receiver into a variable if it is needed more than once or is long."""
        case = self._case
        if case.receiver is None:
            return {}
        is_needed_again = case.setup or case.changes or case.form != "value"
        uses = count_uses(case.call, SUBJECT) + sum(
            count_uses(node, SUBJECT)
            for check in case.checks
            for node in (check.subject, check.expected)
            if node is not None
        )
        is_short = len(render_flat(case.receiver)) < LINE_LENGTH // 3
        if not is_needed_again and uses == 1 and is_short and not case.error:
            return {SUBJECT: case.receiver}
        if isinstance(case.receiver, ast.Name):
            return {SUBJECT: case.receiver}
        return {SUBJECT: self._assign(name_receiver(case.target, self._taken), case.receiver)}

    def _prepare_arguments(self) -> dict[str, ast.expr]:
        """Put those arguments into variables that are looked at afterwards."""
        case = self._case
        filled: dict[str, ast.expr] = {}
        checked = [
            node
            for check in (*case.checks, *case.changes)
            for node in (check.subject, check.expected)
            if node is not None
        ]
        for number, value in enumerate(case.values):
            hole = ARGUMENT.format(number)
            is_checked = any(count_uses(node, hole) for node in checked)
            filled[hole] = value.node
            if is_checked:
                (column,) = name_columns([value.name], self._taken)
                filled[hole] = self._assign(column, value.node)
        return filled

    def _assign(self, name: str, node: ast.expr) -> ast.Name:
        self._taken.add(name)
        self._lines.append(render(node, INDENT, f"{name} = "))
        return ast.Name(name)

    def _act(self, call: ast.AST, names: dict[str, ast.expr]) -> None:
        case = self._case
        if case.error:
            message = _shorten(case.message) if case.is_on_purpose else ""
            self._lines.append(_render_raises(case, message))
            self._lines.append(INDENT + render(_through(call, case), INDENT * 2))
        elif case.warned:
            self._warn(call, names, *case.warned)
        elif case.form == CONTEXT:
            self._enter(call, names)
        else:
            self._call(call, names, "")

    def _warn(
        self, call: ast.AST, names: dict[str, ast.expr], category: ast.expr, message: str
    ) -> None:
        match = _render_match(_shorten(message))
        self._lines.append(f"with pytest.warns({render_flat(category)}{match}):")
        if self._case.form == STATEMENT or not self._checks:
            self._lines.append(INDENT + render(call, INDENT * 2))
            return
        result = self._name_result()
        self._lines.append(INDENT + render(call, INDENT * 2, f"{result} = "))
        for check in self._checks:
            self._lines.append(self._assert(check, {**names, RESULT: ast.Name(result)}))

    def _enter(self, call: ast.AST, names: dict[str, ast.expr]) -> None:
        result = self._name_result()
        is_used = any(count_uses(check.subject, RESULT) for check in self._checks)
        self._lines.append(f"with {render_flat(call)}{f' as {result}' if is_used else ''}:")
        before = len(self._lines)
        for check in self._checks:
            self._lines.append(self._assert(check, {**names, RESULT: ast.Name(result)}))
        self._lines[before:] = [INDENT + line for line in self._lines[before:]] or [INDENT + "pass"]

    def _call(self, call: ast.AST, names: dict[str, ast.expr], indent: str) -> None:
        checks = self._checks
        if not checks:
            self._lines.append(indent + render(call, INDENT + indent))
            return
        uses = sum(count_uses(check.subject, RESULT) for check in checks)
        result: ast.expr = _as_expression(call)
        if uses > 1 or len(checks) > 1:
            result = self._assign(self._name_result(), result)
        for check in checks:
            self._lines.append(indent + self._assert(check, {**names, RESULT: result}))

    @property
    def _checks(self) -> tuple[Assertion, ...]:
        """What is worth asserting of the result: not that it is nothing, if something changed."""
        case = self._case
        has_more = bool(case.changes or case.printed)
        return tuple(
            check
            for check in case.checks
            if not (has_more and check.expected is not None and _is_none(check.expected))
        )

    def _name_result(self) -> str:
        return avoid("result", self._taken)

    def _assert(self, check: Assertion, names: dict[str, ast.expr]) -> str:
        subject = _as_expression(substitute(check.subject, names))
        if check.expected is None:
            return render(_simplify(subject), INDENT, "assert ")
        expected = _as_expression(substitute(_render_expected(check), names))
        return _render_comparison(subject, "is" if check.relation == "is" else "==", expected)


def _render_expected(check: Assertion) -> ast.expr:
    assert check.expected is not None  # noqa: S101 - the caller has asked
    if check.relation == "approx":
        return ast.Call(_parse("pytest.approx"), [check.expected], [])
    return check.expected


def _render_comparison(subject: ast.AST, word: str, expected: ast.expr) -> str:
    """Render ``assert a == b``, broken where black would break it."""
    node = _simplify(_as_expression(subject))
    if isinstance(node, ast.Compare) and _is_true(expected):
        return render(node, INDENT, "assert ")
    left, right = wrap(node), wrap(expected)
    line = f"assert {left} {word} {right}"
    if len(INDENT) + len(line) <= LINE_LENGTH:
        return line
    if len(left) < LINE_LENGTH // 2:
        return render(expected, INDENT, f"assert {left} {word} ")
    if len(right) < LINE_LENGTH // 2:
        return render(node, INDENT, "assert ", f" {word} {right}")
    return f"expected = {render(expected, INDENT)}\n{INDENT}assert {left} {word} expected"


def _render_raises(case: Case, message: str) -> str:
    return f"with pytest.raises({_name_error(case)}{_render_match(message)}):"


def _render_match(message: str) -> str:
    if not message:
        return ""
    if _SPECIAL.search(message):
        return f", match=re.escape({quote(message)})"
    return f", match={quote(message)}"


def _name_error(case: Case) -> str:
    return render_flat(case.error) if case.error else ""


def _shorten(message: str) -> str:
    """Return the first line of a message, cut between words where it is long."""
    line = message.splitlines()[0] if message.strip() else ""
    if len(line) <= MAX_MESSAGE_LENGTH:
        return line
    return line[:MAX_MESSAGE_LENGTH].rpartition(" ")[0] or line[:MAX_MESSAGE_LENGTH]


def _through(call: ast.AST, case: Case) -> ast.AST:
    if case.through != "list":
        return call
    return _simplify(ast.Call(ast.Name("list"), [_as_expression(call)], []))


def _simplify(node: ast.expr) -> ast.expr:
    """Write ``list(iter(a))`` as ``list(a)``."""
    match node:
        case ast.Call(
            func=ast.Name(id="list"),
            args=[ast.Call(func=ast.Name(id="iter"), args=[inner], keywords=[])],
            keywords=[],
        ):
            return ast.Call(ast.Name("list"), [inner], [])
    return node


def render_parametrize(columns: Sequence[str], rows: Sequence[Sequence[ast.expr]]) -> str:
    """Return the decorator for a table."""
    if len(columns) == 1:
        head, lines = quote(columns[0]), [render(row[0], INDENT * 2, "", ",") for row in rows]
    else:
        head = f"({', '.join(quote(column) for column in columns)})"
        lines = [render(ast.Tuple(list(row)), INDENT * 2, "", ",") for row in rows]
    flat = f"@pytest.mark.parametrize({head}, [{' '.join(lines).rstrip(',')}])"
    if len(flat) <= LINE_LENGTH and len(columns) == 1 and "\n" not in flat:
        return flat
    body = "\n".join(f"{INDENT * 2}{line}" for line in lines)
    return f"@pytest.mark.parametrize(\n{INDENT}{head},\n{INDENT}[\n{body}\n{INDENT}],\n)"


def _describe(case: Case) -> str:
    """Return the part of a test's name that says what happens."""
    if case.error:
        return f"raises_{to_snake_case(_name_error(case).rpartition('.')[2])}"
    if case.changes:
        first = case.changes[0].subject
        word = first.attr if isinstance(first, ast.Attribute) else ""
        if isinstance(first, ast.Name):
            word = _name_argument(case, first.id)
        return f"changes_{word.strip('_')}" if word else "changes_it"
    if case.printed:
        return "prints"
    if case.warned:
        return "warns"
    if case.form == CONTEXT:
        return "as_context"
    return "returns" if _is_function_like(case) else ""


def _list_telling(case: Case) -> list[str]:
    """List the arguments that tell a call from others: those by keyword, or all but the first."""
    named = [value.name for value in case.values if value.form == KEYWORD]
    return list(
        dict.fromkeys(name.strip("_") for name in named or [v.name for v in case.values[1:]])
    )


def _name_argument(case: Case, hole: str) -> str:
    names = {ARGUMENT.format(n): value.name for n, value in enumerate(case.values)}
    return names.get(hole, "")


def _is_function_like(case: Case) -> bool:
    """Whether it is called: a property or a class is not said to return."""
    last = case.target.rpartition(".")[2].lstrip("_")
    return "(" in case.template and not last[:1].isupper()


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _as_expression(node: ast.AST) -> ast.expr:
    if isinstance(node, ast.expr):
        return node
    message = f"{type(node).__name__} has no value"
    raise TypeError(message)


def _parse(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _indent(lines: Iterable[str]) -> str:
    return "\n".join(f"{INDENT}{line}" for line in lines)


def fill(case: Case) -> str:
    """Return the call as one line, for those who order cases by it."""
    return render_flat(fill_in(case.call, case, case.receiver))
