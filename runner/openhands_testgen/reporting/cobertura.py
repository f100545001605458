"""Coverage in the format of Cobertura, which most services read."""

from __future__ import annotations

from collections import Counter
from html import escape
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from openhands_testgen.domain.report import ReachDict, TaskResult


def render_cobertura(result: TaskResult, path_prefix: str, now: float) -> bytes:
    """Render what the tests reach of the module; empty where that is not known.

    ``path_prefix`` leads from the repository's root to the project; ``now`` counts seconds since
    1970.
    """
    reach = result.get("reach")
    if not reach:
        return b""
    path = PurePosixPath(path_prefix, result["module_path"])
    rates = _render({"line-rate": _share(reach, "lines"), "branch-rate": _share(reach, "branches")})
    counts = {
        "lines-valid": reach["lines_total"],
        "lines-covered": reach["lines_covered"],
        "branches-valid": reach["branches_total"],
        "branches-covered": reach["branches_covered"],
        "timestamp": round(now),
        "version": "openhands-testgen",
    }
    package = _render({"name": ".".join(path.parent.parts) or "."})
    file = _render({"name": path.name, "filename": path})
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<coverage {_render(counts)} {rates} complexity="0">',
        "<sources><source>.</source></sources>",
        f'<packages><package {package} {rates} complexity="0"><classes>',
        f'<class {file} {rates} complexity="0"><methods/><lines>',
        *_render_lines(reach, result["missing_lines"]),
        "</lines></class>",
        "</classes></package></packages>",
        "</coverage>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _render_lines(reach: ReachDict, missing_lines: list[int]) -> Iterator[str]:
    taken = Counter(start for start, _ in reach["executed_branches"])
    missed = Counter(start for start, _ in reach["missing_branches"])
    executed = set(reach["executed_lines"])
    for number in sorted(executed | set(missing_lines)):
        total = taken[number] + missed[number]
        branches = (
            {
                "branch": "true",
                "condition-coverage": f"{100 * taken[number] // total}% ({taken[number]}/{total})",
            }
            if total
            else {}
        )
        yield f"<line {_render({'number': number, 'hits': int(number in executed), **branches})}/>"


def _share(reach: ReachDict, kind: str) -> str:
    covered, total = (
        (reach["lines_covered"], reach["lines_total"])
        if kind == "lines"
        else (reach["branches_covered"], reach["branches_total"])
    )
    return f"{covered / total if total else 1:.4g}"


def _render(attributes: Mapping[str, object]) -> str:
    return " ".join(f'{name}="{_clean(str(value))}"' for name, value in attributes.items())


def _clean(text: str) -> str:
    """Escape markup, and replace what XML has no character for."""
    plain = (char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return escape("".join(plain), quote=True)
