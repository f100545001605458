"""The module under test: what in it can be tested, and what is not tested yet."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from openhands_testgen.errors import ConfigurationError, NothingToTestError

if TYPE_CHECKING:
    from collections.abc import Iterable

type Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Member:
    """A function or class of the module, as a reader would name it (``Cart.add``)."""

    name: str
    signature: str
    line: int


def parse_module(module_path: str, content: bytes) -> tuple[Member, ...]:
    """Return what can be tested in a module.

    Raises:
        ConfigurationError: it is not Python, or not UTF-8.
        NothingToTestError: it is empty, or defines neither a function nor a class.

    """
    try:
        tree = ast.parse(content.decode("utf-8-sig"), filename=module_path)
    except UnicodeDecodeError as exc:
        message = f"{module_path} is not UTF-8 (byte {exc.start}); save it as UTF-8"
        raise ConfigurationError(message, field="module") from exc
    except (SyntaxError, ValueError) as exc:
        line = getattr(exc, "lineno", None) or 1
        message = f"{module_path} is not valid Python (line {line}: {exc.args[0]})"
        raise ConfigurationError(message, field="module") from exc
    members = tuple(_find_members(tree.body))
    if not members:
        message = f"{module_path} defines no function and no class: there is nothing to test in it."
        raise NothingToTestError(message)
    return members


def find_untested(members: Iterable[Member], test_sources: Iterable[str]) -> tuple[Member, ...]:
    """Return the public members whose name no existing test mentions."""
    words = {word for source in test_sources for word in re.findall(r"\w+", source)}
    return tuple(
        member
        for member in members
        if not member.name.rpartition(".")[2].startswith("_")
        and member.name.rpartition(".")[2] not in words
    )


def get_default_output(module_path: str) -> str:
    """Return where the tests of a module go unless the user says otherwise."""
    return f"tests/test_{PurePosixPath(module_path).stem.strip('_') or 'module'}.py"


def _find_members(body: Iterable[ast.stmt], prefix: str = "") -> Iterable[Member]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield Member(prefix + node.name, _render_signature(node), node.lineno)
        if isinstance(node, ast.ClassDef) and not prefix:
            yield from _find_members(node.body, f"{node.name}.")
        elif isinstance(node, ast.If | ast.Try):
            yield from _find_members(node.body, prefix)


def _render_signature(node: Definition) -> str:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        return f"class {node.name}({bases})" if bases else f"class {node.name}"
    kind = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{kind} {node.name}({ast.unparse(node.args)}){returns}"
