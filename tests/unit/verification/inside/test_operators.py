"""What each operator makes of a piece of source: one row is one piece and all that comes of it."""

from __future__ import annotations

import ast

import pytest

from openhands_testgen.verification.inside.changes import Change, find_changes
from openhands_testgen.verification.inside.operators import OPERATORS

TABLE: dict[str, list[tuple[str, list[str]]]] = {
    "comparison": [
        ("a < b", ["a <= b", "a >= b"]),
        ("a <= b", ["a < b", "a > b"]),
        ("a > b", ["a >= b", "a <= b"]),
        ("a >= b", ["a > b", "a < b"]),
        ("a == b", ["a != b"]),
        ("a != b", ["a == b"]),
        ("a is b", ["a is not b"]),
        ("a is not b", ["a is b"]),
        ("a in b", ["a not in b"]),
        ("a not in b", ["a in b"]),
        ("a < b == c", ["a <= b == c", "a >= b == c", "a < b != c"]),
    ],
    "arithmetic": [
        ("a + b", ["a - b"]),
        ("a - b", ["a + b"]),
        ("a * b", ["a / b"]),
        ("a / b", ["a * b"]),
        ("a // b", ["a / b"]),
        ("a % b", ["a * b"]),
        ("a ** b", ["a * b"]),
        ("a @ b", ["a * b"]),
        ("a << b", ["a >> b"]),
        ("a >> b", ["a << b"]),
        ("a & b", ["a | b"]),
        ("a | b", ["a & b"]),
        ("a ^ b", ["a & b"]),
        ("a + 'x'", []),
        ("'%s' % a", []),
        ("[None] * a", []),
        ("f'{a}' + b", []),
    ],
    "boolean": [
        ("a and b", ["a or b"]),
        ("a or b or c", ["a and b and c"]),
    ],
    "unary": [
        ("not a", ["a"]),
        ("-a", ["a"]),
        ("~a", ["a"]),
        ("+a", []),
    ],
    "constant": [
        ("f(1)", ["2"]),
        ("f(-1)", ["2"]),
        ("f(0.5)", ["1.5"]),
        ("f(1j)", ["(1+1j)"]),
        ("f(True)", ["False"]),
        ("f(False)", ["True"]),
        ("f(None)", []),
        ("a[0]", ["1"]),
        ("a[1:]", ["2"]),
        ("def f(x=3): pass", ["4"]),
        ("x: int = 3", ["4"]),
    ],
    "text": [
        ("f('a')", ["'XXaXX'"]),
        ("f('')", ["'XX'"]),
        ("f(b'a')", ["b'XXaXX'"]),
        ("f(b'')", ["b'XX'"]),
        ("f(f'a{b}')", ["'XXaXX'"]),
        ("f(f'{b:.2f}')", []),
        ("def f(x='a'): pass", ["'XXaXX'"]),
    ],
    "result": [
        ("def f():\n    return a", ["None"]),
        ("def f():\n    return None", []),
        ("def f():\n    return", []),
        ("def f():\n    yield a", ["None"]),
        ("f = lambda: a", ["None"]),
    ],
    "value": [
        ("a = b", ["None"]),
        ("a: int = b", ["None"]),
        ("(a := b)", ["None"]),
        ("a = 1", []),
        ("a: int", []),
    ],
    "condition": [
        ("if a: pass", ["not a"]),
        ("while f(): pass", ["not f()"]),
        ("assert a", ["not a"]),
        ("b if a else c", ["not a"]),
        ("[a for a in b if a]", ["not a"]),
        ("if a and b: pass", ["not (a and b)"]),
        ("if 0 < a < 3: pass", ["not 0 < a < 3"]),
        ("if a < b: pass", []),
        ("if not a: pass", []),
        ("while True: pass", []),
    ],
    "assignment": [
        ("a += b", ["a -= b", "a = b"]),
        ("a *= b", ["a /= b", "a = b"]),
        ("a.b += c", ["a.b -= c", "a.b = c"]),
        ("a += 'x'", ["a = 'x'"]),
    ],
    "bound": [
        ("a[b:]", ["b + 1"]),
        ("a[:b]", ["b - 1"]),
        ("a[b:c]", ["b + 1", "c - 1"]),
        ("a[1:-1]", []),
        ("a[b]", []),
    ],
    "exception": [
        ("try: a\nexcept B: pass", ["()"]),
        ("try: a\nexcept (B, C): pass", ["(C,)", "(B,)"]),
        ("try: a\nexcept (B,): pass", ["()"]),
        ("try: a\nexcept: pass", []),
    ],
    "jump": [
        ("for a in b: break", ["continue"]),
        ("for a in b: continue", ["break"]),
    ],
    "deletion": [
        ("f()", ["pass"]),
        ("async def g():\n    await f()", ["pass"]),
        ("raise a", ["pass"]),
        ("del a", ["pass"]),
        ("a += b", ["pass"]),
        ("a.b = c", ["pass"]),
        ("a[b] = c", ["pass"]),
        ("a = b", []),
        ("a", []),
    ],
    "argument": [
        ("f(a, b.c)", ["None", "None"]),
        ("f(g(), *a, b=c)", ["None"]),
        ("f(1, a + b, a[b], [a], lambda: a)", []),
        ("class A(f(a)): pass", ["None"]),
    ],
    "keyword": [
        ("f(a, b=c, d=e)", ["", ""]),
        ("f(**a)", []),
        ("f(encoding=a)", []),
        ("class A(metaclass=B): pass", []),
    ],
    "decorator": [
        ("@a\n@b.c(d)\ndef f(): pass", ["", ""]),
        ("@functools.lru_cache(maxsize=a)\ndef f(): pass", []),
        ("@dataclass\nclass A: pass", [""]),
    ],
    "call": [
        ("a.lower()", ["a.upper"]),
        ("a.rstrip()", ["a.lstrip"]),
        ("a.strip()", ["a.lstrip"]),
        ("max(a)", ["min"]),
        ("any(a)", ["all"]),
        ("a.b()", []),
        ("lower", []),
    ],
}


def list_changes(source: str) -> list[Change]:
    lines = range(1, source.count("\n") + 2)
    return list(find_changes(ast.parse(source), lines))


@pytest.mark.parametrize(
    ("operator", "source", "expected"),
    [(name, *row) for name, rows in TABLE.items() for row in rows],
)
def test_what_comes_of_it(operator: str, source: str, expected: list[str]) -> None:
    found = [change for change in list_changes(source) if change.operator == operator]
    assert [ast.unparse(change.node) if change.node else "" for change in found] == expected


def test_no_operator_is_left_out_of_the_table() -> None:
    assert list(TABLE) == [name for name, _ in OPERATORS]


@pytest.mark.parametrize("rows", TABLE.values(), ids=TABLE)
def test_all_that_comes_of_it_compiles(rows: list[tuple[str, list[str]]]) -> None:
    for source, _ in rows:
        tree = ast.parse(source)
        for change in find_changes(tree, range(1, 5)):
            assert change.compile(tree, "a.py") is not None, (source, change.operator)
        assert ast.unparse(tree) == ast.unparse(ast.parse(source))
