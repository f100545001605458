"""A Python file as a tree and as bytes: where each node stands, and the file without some of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhands_testgen.domain.expected import parse_source

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

type Span = tuple[int, int]


class SourceText:
    """Bytes of a file and its tree; a span is the positions of its first byte and behind its last.

    Raises SyntaxError or ValueError if it is not Python in UTF-8.
    """

    def __init__(self, content: bytes) -> None:
        """Parse it."""
        text = content.decode("utf-8-sig")
        self.content = content
        self.tree = parse_source(text)
        self._lines = content.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        self._mark = len(content) - len(text.encode())

    def get_span(self, node: ast.expr) -> Span:
        """Return where an expression stands."""
        end_line = node.end_lineno or node.lineno
        end_column = node.end_col_offset or node.col_offset
        return self._locate(node.lineno, node.col_offset), self._locate(end_line, end_column)

    def get_statement_span(self, first_line: int, last_line: int) -> Span:
        """Return the lines of a statement, with the comment and the blank lines right above it."""
        first = first_line - 1
        while first and self._lines[first - 1].lstrip().startswith(b"#"):
            first -= 1
        if not first:  # a comment at the file's head is about the file
            first = first_line - 1
        while first and not self._lines[first - 1].strip():
            first -= 1
        return self._starts[first], self._starts[last_line]

    def without(self, spans: Iterable[Span]) -> bytes:
        """Return the bytes outside of the spans, which may lie within one another."""
        kept, position = [], 0
        for start, end in sorted(spans):
            kept.append(self.content[position : max(position, start)])
            position = max(position, end)
        return b"".join([*kept, self.content[position:]])

    def _locate(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column + (self._mark if line == 1 else 0)
