"""What a browser finds in HTML: elements, attributes and text, without a look at the source."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Markup(HTMLParser):
    """The elements of a document in their order, and all of its text."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with nothing read."""
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep text."""
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        """Keep what should not be there."""
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        """Keep what should not be there."""
        self.others.append(data)

    def handle_pi(self, data: str) -> None:
        """Keep what should not be there."""
        self.others.append(data)

    @property
    def tags(self) -> set[str]:
        """The names of all elements."""
        return {tag for tag, _ in self.elements}

    def list_values(self, name: str) -> list[str]:
        """List the values of an attribute."""
        return [
            value or "" for _, found in self.elements for key, value in found.items() if key == name
        ]


def parse_markup(text: str) -> Markup:
    """Parse a document."""
    markup = Markup()
    markup.feed(text)
    markup.close()
    return markup
