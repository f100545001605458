"""The page: whole, self-contained, and made of our own elements alone."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from html.parser import HTMLParser

import pytest

from openhands_testgen.reporting.page.page import Surroundings, render_page
from openhands_testgen.reporting.trajectory import read_trajectory
from tests.fakes.archives import make_events, pack_events
from tests.fakes.hostile import TEXTS, make_hostile
from tests.fakes.results import make_mutation, make_rejected, make_result
from tests.markup import Markup, parse_markup

NOW = 1_767_261_700.0
VOID = {"meta", "br"}
CLASSES = {"accepted", "weak", "rejected", "open", "skip", "kicker", "verdict", "sign", "said"} | {
    *("facts", "meter", "rail", "fill", "tick", "bar", "spans", "stages", "badge", "good", "bad"),
    *("case", "remedy", "more", "source", "text", "note", "survivor", "arrow", "patch", "added"),
    *("removed", "head", "place", "dropped", "steps", "odd", "reached", "partly", "missed"),
}
ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "class", "href", "id", "tabindex"),
    *("aria-label", "aria-labelledby", "aria-hidden", "role", "scope", "open"),
    *("viewbox", "preserveaspectratio", "width", "height", "x"),
}
FILES = ("tests.patch", "result.json")


def render_hostile(text: str) -> str:
    surroundings = Surroundings(
        trajectory=read_trajectory(pack_events(make_events(text))),
        module=f"{text}\n{text}\n{text}".encode("utf-8", "surrogatepass"),
        patch=f"--- {text}\n@@\n+{text}\n-{text}\n".encode("utf-8", "surrogatepass"),
        files=FILES,
    )
    return render_page(make_hostile(text), surroundings, NOW).decode()


def list_shape(markup: Markup) -> list[str]:
    """List the elements that do not depend on how long or odd a text is."""
    varying = {"span", "tr", "th", "td", "bdi"}
    more = {"class": "more"}
    return [tag for tag, found in markup.elements if tag not in varying and found != more]


@pytest.mark.parametrize("text", [text for text in TEXTS.values() if text], ids=filter(None, TEXTS))
def test_foreign_text_becomes_no_element_and_no_attribute(text: str) -> None:
    page = render_hostile(text)
    markup = parse_markup(page)
    assert markup.others == []
    assert {name for _, found in markup.elements for name in found} <= ATTRIBUTES
    assert {word for value in markup.list_values("class") for word in value.split()} <= CLASSES
    for link in markup.list_values("href"):
        assert re.fullmatch(r"#[a-z]+|#L\d+", link) or link in FILES
    identities = markup.list_values("id")
    assert len(identities) == len(set(identities))
    assert all(re.fullmatch(r"[a-z]+|L\d+", one) for one in identities)
    assert list_shape(markup) == list_shape(parse_markup(render_hostile("harmless")))
    assert all(char.isprintable() or char in "\n\t" for char in page)
    assert len(page) < 20_000_000


def test_every_element_is_closed_in_its_place() -> None:
    open_tags: list[str] = []

    class Checker(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            del attrs
            if tag not in VOID:
                open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    Checker().feed(render_hostile("text"))
    assert open_tags == []


def test_it_asks_for_nothing_and_allows_nothing_but_its_own_style() -> None:
    page = render_page(make_result(), Surroundings(), NOW).decode()
    markup = parse_markup(page)
    assert not markup.tags & {"script", "img", "link", "iframe", "object", "base", "form", "video"}
    assert "http:" not in page.replace("http-equiv", "")
    assert "https:" not in page
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(found for tag, found in markup.elements if "http-equiv" in found)["content"]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_headings_come_in_order_and_landmarks_are_there() -> None:
    markup = parse_markup(render_hostile("text"))
    levels = [int(tag[1]) for tag, _ in markup.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert {"header", "nav", "main", "footer", "title", "caption"} <= markup.tags


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "accepted"),
        ({"verdict": "weak"}, "weak"),
        ({"verdict": "rejected"}, "rejected"),
        ({"verdict": "a word of tomorrow"}, "open"),
        ({"verdict": "open"}, "open"),
        ({"verdict": None, "status": "FAILED"}, "rejected"),
        ({"verdict": None, "status": "RUNNING"}, "open"),
    ],
)
def test_the_page_has_the_colour_of_the_verdict(changes: dict[str, object], kind: str) -> None:
    markup = parse_markup(render_page(make_result(**changes), Surroundings(), NOW).decode())
    assert next(found for tag, found in markup.elements if tag == "body") == {"class": kind}


def test_what_is_known_is_shown() -> None:
    result = make_rejected(
        mutation=make_mutation(),
        tokens={"prompt": 12345, "completion": 67},
        coverage_before=10.0,
        coverage_gained=30.0,
        dropped=[{"path": "conftest.py", "reason": "outside"}],
        warnings=["the module has changed"],
        protections=["no network"],
        final_message="I am done",
    )
    surroundings = Surroundings(
        trajectory=read_trajectory(pack_events(make_events("ls"))), module=b"a\nb\nc\nd = a < b\n"
    )
    page = render_page(result, surroundings, NOW).decode()
    text = " ".join(" ".join(parse_markup(page).texts).split())
    for part in (
        "✗ rejected",
        "Coverage 40.0% 80.0% asked for 10.0% before, 40.0% together with these",
        "12,345 tokens read, 67 written",
        "assert 1 == 2",
        "40.0% is below 80%",
        "Not reached: 3\N{EN DASH}5 , 9",
        "not noticed: a < b became a <= b",
        "conftest.py outside",
        "the module has changed",
        "no network",
        "I am done",
        "terminal ls ended with 2",
        "runner/launch verify --module=src/shop/prices.py",
        "queued 20 s",
    ):
        assert part in text, part


def test_a_task_without_tests_says_why() -> None:
    result = make_result(
        verdict=None, tests=None, coverage=None, conclusion="no_tests", error="left no file"
    )
    page = render_page(result, Surroundings(), NOW).decode()
    text = " ".join(" ".join(parse_markup(page).texts).split())
    for part in ("no_tests", "left no file", "There were no tests to judge", "is not at hand"):
        assert part in text


def test_many_tests_are_counted() -> None:
    case = {"name": "t", "outcome": "failed", "message": "m" * 9_000, "line": 1, "problems": []}
    result = make_rejected(tests={"total": 5_000, "passed": 0, "cases": [case] * 5_000})
    page = render_page(result, Surroundings(), NOW).decode()
    assert "4,700 more tests that are not sound: see the results folder." in page
    assert len(page) < 5_000_000
