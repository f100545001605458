"""What can be changed at a site so that all stays the same: what fails then fails for no reason."""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING

from openhands_testgen.verification.inside.operators import OPERATORS
from openhands_testgen.verification.inside.sites import find_sites

if TYPE_CHECKING:
    from openhands_testgen.verification.inside.operators import Nodes, Operators
    from openhands_testgen.verification.inside.sites import Site


def add_idle_mutant(site: Site) -> Nodes:
    """``a``: ``if [None]: a``, ``else: b``, where ``b`` is a mutant of ``a``.

    It does the same, and there is all in it that a mutant has.
    """
    node = site.node
    mutant = _mutate(node) if isinstance(node, ast.stmt) else None
    if isinstance(node, ast.stmt) and mutant is not None:
        test = ast.List(elts=[ast.Constant(value=None)], ctx=ast.Load())
        yield ast.If(test=test, body=[node], orelse=[mutant])


def turn_condition(site: Site) -> Nodes:
    """``b if a else c``: ``c if not a else b``; statements alike."""
    node = site.node
    if isinstance(node, (ast.If, ast.IfExp)):
        test = ast.UnaryOp(op=ast.Not(), operand=node.test)
        if isinstance(node, ast.IfExp):
            yield ast.IfExp(test=test, body=node.orelse, orelse=node.body)
        else:
            yield ast.If(test=test, body=node.orelse or [ast.Pass()], orelse=node.body)


CONTROLS: Operators = (("idle", add_idle_mutant), ("turned", turn_condition))


def _mutate(statement: ast.stmt) -> ast.stmt | None:
    """Return a copy with the first change that there is; ``None`` if there is none."""
    body: list[ast.stmt] = [copy.deepcopy(statement)]
    for site in find_sites(ast.Module(body=body, type_ignores=[])):
        for _, operate in OPERATORS:
            for node in operate(site):
                if node is not None and site.index is None:
                    setattr(site.owner, site.field, node)
                    return body[0]
                if site.index is not None:
                    slot = getattr(site.owner, site.field)
                    slot[site.index : site.index + 1] = [] if node is None else [node]
                    return body[0]
    return None
