"""Renders the page: a result and its files as one HTML document that asks for nothing else."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from openhands_testgen.reporting import figures
from openhands_testgen.reporting.annotations import list_ranges
from openhands_testgen.reporting.commands import to_plain_lines
from openhands_testgen.reporting.page.chart import WIDTH, list_bars
from openhands_testgen.reporting.page.patch import list_patch_lines
from openhands_testgen.reporting.page.source import MAX_LINE_LENGTH, list_lines
from openhands_testgen.reporting.page.visible import render_characters, render_name, render_output
from openhands_testgen.reporting.reproduction import list_recipes
from openhands_testgen.reporting.timeline import list_spans
from openhands_testgen.reporting.trajectory import Trajectory

if TYPE_CHECKING:
    from openhands_testgen.domain.report import TaskResult

FOLDER = Path(__file__).parent
TEMPLATE = "report.html.jinja"
STYLE = "page.css"
MAX_TITLE_LENGTH = 120
MAX_CASES = 300
MAX_ITEMS = 100
OPEN = "open"
_SIGNS = {"accepted": "✓", "weak": "!", "rejected": "✗", OPEN: "?"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a page shows beside the result.

    ``module`` is the source that was judged, ``patch`` a unified diff; ``files`` are names of our
    own files beside the page, which it links to.
    """

    trajectory: Trajectory = field(default_factory=Trajectory)
    module: bytes | None = None
    patch: bytes = b""
    files: tuple[str, ...] = ()


def render_page(result: TaskResult, surroundings: Surroundings, now: float) -> bytes:
    """Render the page of one task; ``now`` counts seconds since 1970."""
    mutation = result["mutation"]
    text = (
        _get_environment()
        .get_template(TEMPLATE)
        .render(
            result=result,
            kind=choose_kind(result),
            decision=result["verdict"] or result["conclusion"] or result["status"],
            bars=list_bars(list_spans(result, now)),
            source=list_lines(result, surroundings.module),
            gaps=list_ranges(result["missing_lines"]),
            survivors=mutation["survivors"] if mutation else [],
            unsound=figures.list_unsound(result["tests"]),
            sound=figures.list_sound(result["tests"]),
            patch=list_patch_lines(surroundings.patch),
            trajectory=surroundings.trajectory,
            recipes=list_recipes(result),
            files=surroundings.files,
        )
    )
    return text.encode("utf-8", "replace")


def choose_kind(result: TaskResult) -> str:
    """Choose the word by which a page is coloured; it is one of four, whatever a result says."""
    verdict = result["verdict"]
    if verdict is not None:
        return verdict if verdict in _SIGNS else OPEN
    return "rejected" if result["status"] in {"FAILED", "COMPLETED"} else OPEN


@cache
def _get_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "name": render_name,
        "output": render_output,
        "code": lambda text: render_characters(text, MAX_LINE_LENGTH),
        "plain": lambda text: to_plain_lines(text, MAX_TITLE_LENGTH).replace("\n", " "),
    }
    style = (FOLDER / STYLE).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment.globals |= {
        "figures": figures,
        # The one text that nothing escapes is our own file.
        "style": Markup(style),  # noqa: S704 - see above
        "style_digest": digest,
        "signs": _SIGNS,
        "chart_width": WIDTH,
        "max_cases": MAX_CASES,
        "max_items": MAX_ITEMS,
    }
    return environment
