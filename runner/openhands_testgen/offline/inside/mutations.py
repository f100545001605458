"""Small changes to the source of a value, and changes that a probe's hint asks for."""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from .values import Place

MAX_TEXT_LENGTH = 200
MAX_NUMBER = 10**12
MAX_ITEMS = 8
MAX_CODE = 0xD800
MAX_PROPOSALS = 8
_FIRST_VALUES = ("1", "'a'", "[]", "{}", "True", "None")
_BETWEEN = (" ", "-", "_", ".", ",", "/", ":", "0", "1", "a", "A", "\n", "%", "(", "é", "+", "'")


def mutate(text: str, random: Random, place: Place) -> str:
    """Return the source of a similar value; the same text if nothing in it can be changed."""
    tree = _parse(text)
    spots = [node for node in ast.walk(tree) if isinstance(node, _CHANGEABLE)] if tree else []
    if not spots:
        return text
    spot = random.choice(spots)
    return _replace(tree, spot, _change(spot, random, place))


def propose(
    texts: list[str], hint: tuple[str, Any, Any], make_regex_text: Callable[[str], str]
) -> list[tuple[int, str]]:
    """Return changes that make the two values of a hint meet: which argument, and its new source.

    ``hint`` is the operation and the plain values on both sides. A value that came from an
    argument is found there again, whole, as a part, or in another case or length.
    """
    operation, left, right = hint
    found: dict[tuple[int, str], None] = {}
    if operation in {"in", "not in", "get", "[]"}:
        inner, outer = (left, right) if operation in {"in", "not in"} else (right, left)
        for number, text in enumerate(texts):
            found.update(dict.fromkeys((number, new) for new in _add_key(text, inner, outer)))
    for old, news in _list_wishes(operation, left, right, make_regex_text):
        for number, text in enumerate(texts):
            for changed in _apply_wish(text, old, news):
                if changed != text:
                    found[number, changed] = None
    return list(found)[:MAX_PROPOSALS]


_CHANGEABLE = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set)


def _parse(text: str) -> ast.Expression | None:
    try:
        return _FoldSigns().visit(ast.parse(text, mode="eval"))  # type: ignore[no-any-return] # of its kind
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _FoldSigns(ast.NodeTransformer):
    """Makes one number of a sign and a number."""

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        operand = node.operand
        value = operand.value if isinstance(operand, ast.Constant) else None
        if isinstance(node.op, ast.USub) and type(value) in {int, float}:
            return ast.Constant(-value)  # type: ignore[operator] # a number
        return node


def _replace(tree: ast.Expression | None, spot: ast.AST, new: ast.expr) -> str:
    class Replacer(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return new if node is spot else super().generic_visit(node)

    changed = Replacer().visit(_shallow_copy(tree, spot))
    return ast.unparse(ast.fix_missing_locations(changed))


def _shallow_copy(tree: Any, spot: ast.AST) -> Any:  # noqa: ANN401 - of the same type
    """Copy a tree so that only ``spot`` is the same object."""
    return copy.deepcopy(tree, {id(spot): spot})


def _change(node: ast.AST, random: Random, place: Place) -> ast.expr:
    if isinstance(node, ast.Constant):
        changed: Any = _change_plain(node.value, random, place)
        return ast.Constant(changed)
    if isinstance(node, ast.Dict):
        return _change_dict(node, random)
    items = list(node.elts)  # type: ignore[attr-defined] # of one of the sequences
    return type(node)(elts=_change_items(items, random), ctx=ast.Load())  # type: ignore[call-arg, return-value]


def _change_items(items: list[ast.expr], random: Random) -> list[ast.expr]:
    lot = random.random()
    if items and lot < 0.3:  # noqa: PLR2004 - shares of a whole
        del items[random.randrange(len(items))]
    elif items and lot < 0.6 and len(items) < MAX_ITEMS:  # noqa: PLR2004 - shares of a whole
        items.insert(random.randrange(len(items) + 1), copy.deepcopy(random.choice(items)))
    elif lot < 0.7:  # noqa: PLR2004 - shares of a whole
        items.reverse()
    elif lot < 0.85:  # noqa: PLR2004 - shares of a whole
        items.append(ast.Constant(random.choice((0, 1, "a", None, 2))))
    else:
        random.shuffle(items)
    return items


def _change_dict(node: ast.Dict, random: Random) -> ast.Dict:
    pairs = list(zip(node.keys, node.values))
    if pairs and random.random() < 0.5:  # noqa: PLR2004 - one half
        del pairs[random.randrange(len(pairs))]
    else:
        pairs.append(
            (
                ast.Constant(random.choice(("a", "b", "key"))),
                ast.Constant(random.choice((1, "x", None))),
            )
        )
    return ast.Dict([key for key, _ in pairs], [value for _, value in pairs])


def _change_plain(value: object, random: Random, place: Place) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return _change_int(value, random, place)
    if isinstance(value, float):
        return random.choice((value + 0.5, value * 10, -value, value / 3, round(value), 0.0))
    if isinstance(value, str):
        return _change_text(value, random, place)
    if isinstance(value, bytes):
        return random.choice((value[1:], value + b"\x80", value.upper(), value * 2, b""))
    return random.choice((0, "", True, "a")) if value is None else value


def _change_int(value: int, random: Random, place: Place) -> int:
    numbers = place.words.numbers or place.whole.numbers or (0,)
    chosen = random.choice(
        (value + 1, value - 1, -value, value * 2, value * 10, 0, random.choice(numbers), value // 2)
    )
    return chosen if abs(chosen) <= MAX_NUMBER else value - 1


def _change_text(value: str, random: Random, place: Place) -> str:
    words = place.words.texts or place.whole.texts or ("a",)
    word = random.choice((*words, *_BETWEEN)) if random.random() < 0.7 else random.choice(words)  # noqa: PLR2004
    at = random.randint(0, len(value))
    chosen = random.choice(
        (
            value[:at] + word + value[at:],
            value[:at] + word + value[at + 1 :],
            value[:at] + value[at + 1 :],
            value[:at],
            value[at:],
            value + word,
            word + value,
            value.upper(),
            value.lower(),
            value.title(),
            value * 2,
            value.strip(),
            f" {value} ",
            word,
        )
    )
    return chosen[:MAX_TEXT_LENGTH]


def _list_wishes(
    operation: str,
    left: Any,  # noqa: ANN401 - plain values
    right: Any,  # noqa: ANN401 - plain values
    make_regex_text: Callable[[str], str],
) -> Iterator[tuple[Any, list[Any]]]:
    """List what to look for in the arguments, and what to put there instead."""
    if operation == "truth":
        yield left, ["", 0, None] if left else ["a", 1, True]
    elif operation in {"==", "!=", "<", "<=", ">", ">=", "is", "is not"}:
        yield left, _neighbours(right)
        yield right, _neighbours(left)
    elif operation in {"in", "not in", "get", "[]", "index", "count"}:
        inner, outer = (left, right) if operation in {"in", "not in"} else (right, left)
        if isinstance(outer, list):
            yield inner, outer[:6]
        elif isinstance(outer, str) and isinstance(inner, str):
            yield inner, [outer[:1], outer[-1:], outer]
            yield outer, [f"{outer}{inner}", f"{inner}{outer}", inner]
    elif isinstance(left, str) and isinstance(right, str):
        yield from _list_text_wishes(operation, left, right, make_regex_text)
    elif isinstance(left, str) and operation.startswith("is"):
        yield left, ["1", "a", "A", " ", "ab1", ""]


def _list_text_wishes(
    operation: str, left: str, right: str, make_regex_text: Callable[[str], str]
) -> Iterator[tuple[Any, list[Any]]]:
    if operation in {"match", "search", "fullmatch", "findall", "finditer", "sub"}:
        yield right, [text for text in (make_regex_text(left) for _ in range(4)) if text]
    elif operation == "startswith":
        yield left, [right + left, right]
    elif operation in {"endswith", "removesuffix"}:
        yield left, [left + right, right]
    elif operation in {"split", "rsplit", "partition", "rpartition", "find", "rfind", "replace"}:
        middle = len(left) // 2
        yield left, [left[:middle] + right + left[middle:], right, f"a{right}b{right}c"]
    else:
        yield left, [right + left, left + right]


def _neighbours(value: Any) -> list[Any]:  # noqa: ANN401 - any plain value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return [value]
    return [value, value + 1, value - 1]


def _add_key(text: str, key: Any, keys: Any) -> Iterator[str]:  # noqa: ANN401 - plain values
    """Return sources in which the dict with these keys has one more."""
    tree = _parse(text) if isinstance(keys, list) and key not in keys else None
    for spot in ast.walk(tree) if tree else ():
        if isinstance(spot, ast.Dict):
            own = [one.value for one in spot.keys if isinstance(one, ast.Constant)]
            if len(own) == len(spot.keys) and own == keys:
                for value in _FIRST_VALUES:
                    new = ast.Dict(
                        [*spot.keys, ast.Constant(key)],
                        [*spot.values, ast.parse(value, mode="eval").body],
                    )
                    yield _replace(tree, spot, new)


def _apply_wish(text: str, old: Any, news: list[Any]) -> Iterator[str]:  # noqa: ANN401 - plain values
    tree = _parse(text)
    if tree is None:
        return
    for spot in ast.walk(tree):
        if isinstance(spot, ast.Constant):
            for new in news:
                for value in _substitute(spot.value, old, new):
                    yield _replace(tree, spot, ast.Constant(value))


def _substitute(constant: Any, old: Any, new: Any) -> Iterator[Any]:  # noqa: ANN401 - plain values
    """Return what a constant becomes if ``old``, which was made from it, is to be ``new``."""
    if type(constant) is type(old) and constant == old:
        yield new
    elif isinstance(constant, str) and isinstance(old, str) and isinstance(new, str):
        yield from _substitute_text(constant, old, new)
    elif isinstance(constant, str) and type(old) is int and type(new) is int:
        yield from _substitute_number_in_text(constant, old, new)
    elif _is_number(constant) and _is_number(old) and _is_number(new):
        number = constant + (new - old)
        yield from [number] if abs(number) <= MAX_NUMBER else []


def _substitute_text(constant: str, old: str, new: str) -> Iterator[str]:
    if old and old in constant:
        yield constant.replace(old, new, 1)
    elif old and old.lower() in constant.lower():
        at = constant.lower().index(old.lower())
        yield constant[:at] + new + constant[at + len(old) :]
    elif constant.strip() == old or not old:
        yield new


def _substitute_number_in_text(constant: str, old: int, new: int) -> Iterator[str]:
    if len(constant) == old and 0 <= new <= MAX_TEXT_LENGTH:
        yield (constant + "a" * new)[:new]
    elif str(old) in constant:
        yield constant.replace(str(old), str(new), 1)
    if 0 < old < MAX_CODE and 0 < new < MAX_CODE and chr(old) in constant:
        yield constant.replace(chr(old), chr(new), 1)
    if 0 < new - old <= MAX_ITEMS:
        yield constant + constant[-1:] * (new - old)
    elif 0 < old - new <= MAX_ITEMS:
        yield constant[: new - old]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
