"""How a module is emptied, and what its functions may answer as far as their source shows."""

from __future__ import annotations

import ast

import pytest

from openhands_testgen.verification.inside.emptying import classify, empty
from openhands_testgen.verification.inside.stand_ins import CHECKER, DECORATOR, OPTIONAL, VALUE


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return 1", VALUE),
        ("print(a)", VALUE),
        ("yield 1", OPTIONAL),
        ("raise ValueError", CHECKER),
        ("assert a", CHECKER),
        ("if a:\n        raise ValueError\n    return", CHECKER),
        ("if a:\n        raise ValueError\n    return 1", VALUE),
        ("if a:\n        return 1", OPTIONAL),
        ("if a:\n        return 1\n    return None", OPTIONAL),
        ("if a:\n        return 1\n    else:\n        return 2", VALUE),
        ("return 1 if a else None", OPTIONAL),
        ("return a or None", OPTIONAL),
        ("return a.get(1)", OPTIONAL),
        ("return re.match(a, a)", OPTIONAL),
        ("b = None\n    for c in a:\n        b = c\n    return b", OPTIONAL),
        ("while True:\n        if a:\n            return 1", VALUE),
        ("with a:\n        return 1", VALUE),
        ("try:\n        return 1\n    except ValueError:\n        raise", VALUE),
        ("try:\n        return 1\n    except ValueError:\n        pass", OPTIONAL),
        ("def g():\n        raise ValueError\n    return g", VALUE),
        ("def g():\n        return 1\n    raise ValueError", CHECKER),
    ],
)
def test_the_kind_of_a_function(body: str, expected: str) -> None:
    kinds = classify(ast.parse(f"def f(a):\n    {body}\n"))
    assert next(kind for function, kind in kinds.items() if function.name == "f") == expected


def test_the_annotation_counts() -> None:
    kinds = classify(ast.parse("def f() -> int | None:\n    return g()\n"))
    assert list(kinds.values()) == [OPTIONAL]


def test_what_only_calls_checkers_is_one() -> None:
    source = (
        "def first(a):\n    second(a)\n"
        "def second(a):\n    self.third(a)\n"
        "def third(a):\n    raise ValueError\n"
        "def other(a):\n    return third(a)\n"
    )
    kinds = {function.name: kind for function, kind in classify(ast.parse(source)).items()}
    assert kinds == {"first": CHECKER, "second": CHECKER, "third": CHECKER, "other": VALUE}


def test_every_function_is_decorated_innermost() -> None:
    source = (
        "@property\ndef f():\n    return lambda: 1\n"
        "class A:\n    async def g(self):\n        def h(): pass\n"
        "b = [lambda: 2]\n"
    )
    tree = empty(ast.parse(source))
    compile(tree, "a.py", "exec")
    assert ast.unparse(tree) == "\n".join(
        [
            "@property",
            f"@{DECORATOR}('value')",
            "def f():",
            f"    return {DECORATOR}('value')(lambda: 1)",
            "",
            "class A:",
            "",
            f"    @{DECORATOR}('value')",
            "    async def g(self):",
            "",
            f"        @{DECORATOR}('value')",
            "        def h():",
            "            pass",
            f"b = [{DECORATOR}('value')(lambda: 2)]",
        ]
    )
