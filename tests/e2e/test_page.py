"""The report page in a real browser: what it asks for, how it looks, and who can use it.

Needs Chromium on PATH (Debian: ``apt-get install chromium``) and, for some checks, npm. Pictures of
all pages go to the folder that ``PAGE_SHOTS`` names, if it does.
"""

from __future__ import annotations

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from openhands_testgen.reporting.documents import make_documents
from openhands_testgen.reporting.timeline import render_gantt
from tests.browser import Browser, find_browser
from tests.fakes.hostile import TEXTS
from tests.fakes.results import make_result
from tests.fakes.scenes import NOW, make_scenes
from tests.npm import NoPackageError, fetch

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = find_browser()
AXE = ("axe-core", "4.14.1", "axe.min.js")
MERMAID = ("mermaid", "11.17.2", "dist/mermaid.min.js")
SCENES = make_scenes()
WIDTHS = (1280, 390)
GRAVE = ("serious", "critical")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium on PATH"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(str(PROGRAM), tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    written = {}
    for name, material in SCENES.items():
        made, problems = make_documents(material)
        assert problems == []
        written[name] = folder / f"{name}.html"
        written[name].write_bytes(made["report.html"])
    return written


class Elsewhere(ThreadingHTTPServer):
    """A server that a page has no business with; it keeps what it is asked."""

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), Listener)
        self.asked: list[str] = []


class Listener(BaseHTTPRequestHandler):
    """Answers nothing but keeps the path."""

    def do_GET(self) -> None:
        """Keep it."""
        cast("Elsewhere", self.server).asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    with Elsewhere() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def read_script(package: tuple[str, str, str]) -> str:
    try:
        return fetch(*package).read_text(encoding="utf-8")
    except NoPackageError as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SCENES)
def test_a_page_asks_for_nothing_and_fits(
    browser: Browser, pages: dict[str, Path], name: str, width: int, is_dark: bool
) -> None:
    browser.show(pages[name].as_uri(), width, is_dark=is_dark)
    if "PAGE_SHOTS" in os.environ:
        theme = "dark" if is_dark else "light"
        browser.shoot(Path(os.environ["PAGE_SHOTS"], f"{name}-{width}-{theme}.png"))
    assert browser.requests == [pages[name].as_uri()]
    assert browser.problems == []
    assert browser.evaluate("document.documentElement.scrollWidth") == width
    paper = str(browser.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
    assert (sum(map(int, paper[4:-1].split(","))) < 380) is is_dark


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SCENES)
def test_axe_finds_nothing_grave(
    browser: Browser, pages: dict[str, Path], name: str, width: int, is_dark: bool
) -> None:
    script = read_script(AXE)
    browser.show(pages[name].as_uri(), width, is_dark=is_dark)
    browser.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    browser.evaluate(f"{script}; true")
    found = cast("str", browser.evaluate("axe.run().then(r => JSON.stringify(r.violations))"))
    violations = json.loads(found)
    grave = [
        (one["id"], one["nodes"][0]["html"][:200], one["nodes"][0]["failureSummary"])
        for one in violations
        if one["impact"] in GRAVE
    ]
    assert grave == []
    assert [one["id"] for one in violations] == []


def test_the_policy_holds_where_escaping_would_fail(
    browser: Browser, pages: dict[str, Path], tmp_path: Path, elsewhere: Elsewhere
) -> None:
    evil = f"http://127.0.0.1:{elsewhere.server_port}"
    planted = (
        f"<script>document.title = 'pwned'</script><img src='{evil}/a.png'>"
        "<img src=x onerror=\"document.title = 'pwned'\">"
        f"<link rel=stylesheet href='{evil}/a.css'><link rel=prefetch href='{evil}/b'>"
        "<style>main { display: none }</style><p style='position: fixed' id=planted>x</p>"
        f"<iframe src='{evil}/'></iframe><base href='{evil}/'>"
    )
    page = pages["accepted"].read_text(encoding="utf-8")
    damaged = tmp_path / "damaged.html"
    damaged.write_text(page.replace("<main", f"{planted}<main", 1), encoding="utf-8")
    browser.show(damaged.as_uri(), 1280)
    assert browser.evaluate("document.title") != "pwned"
    assert browser.evaluate("getComputedStyle(document.querySelector('main')).display") == "block"
    position = "getComputedStyle(document.getElementById('planted')).position"
    assert browser.evaluate(position) == "static"
    assert browser.evaluate("document.baseURI") == damaged.as_uri()
    assert browser.problems != []
    assert elsewhere.asked == []


def test_a_keyboard_reaches_everything(browser: Browser, pages: dict[str, Path]) -> None:
    browser.show(pages["rejected"].as_uri(), 1280)
    browser.press("Tab")
    assert browser.evaluate("document.activeElement.className") == "skip"
    browser.press("Enter")
    assert browser.evaluate("document.activeElement.id") == "main"
    opened = "[...document.querySelectorAll('details')].filter(one => one.open).length"
    before = browser.evaluate(opened)
    browser.press("Tab")
    assert browser.evaluate("document.activeElement.tagName") == "SUMMARY"
    browser.press("Enter")
    assert browser.evaluate(opened) != before


def test_mermaid_draws_the_chart_of_any_path(browser: Browser, tmp_path: Path) -> None:
    script = read_script(MERMAID)
    empty = tmp_path / "empty.html"
    empty.write_text("<!doctype html><title>-</title>", encoding="utf-8")
    browser.show(empty.as_uri(), 1280)
    browser.evaluate(f"{script}; mermaid.initialize({{startOnLoad: false}}); true")
    words = ("end", "click", "section", "title", "gantt", "--", "constructor", "%%", "src/a.py")
    for path in (*words, *TEXTS.values()):
        chart = render_gantt([make_result(module_path=path), make_result()], NOW)
        source = "\n".join(chart.split("\n")[1:-1])
        draw = f"mermaid.render('chart', {json.dumps(source)}).then(one => one.svg)"
        svg = str(browser.evaluate(draw))
        assert svg.count('class="task ') == 6
        assert "javascript:" not in svg
