"""What is on the shelves."""

from __future__ import annotations

from dataclasses import dataclass, field


class OutOfStockError(Exception):
    """More was asked for than there is."""


@dataclass
class Stock:
    """Pieces by article."""

    pieces: dict[str, int] = field(default_factory=dict)

    def add(self, article: str, count: int) -> None:
        """Put pieces on the shelf."""
        if count < 1:
            raise ValueError("add at least one piece")
        self.pieces[article] = self.pieces.get(article, 0) + count

    def take(self, article: str, count: int = 1) -> int:
        """Take pieces from the shelf and return how many are left."""
        left = self.pieces.get(article, 0) - count
        if left < 0:
            raise OutOfStockError(f"{article}: {-left} too few")
        self.pieces[article] = left
        return left

    def list_low(self, below: int = 5) -> list[str]:
        """List the articles to order again."""
        return sorted(article for article, count in self.pieces.items() if count < below)
