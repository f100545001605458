"""Orders and task ids of an imaginary project, made for a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhands_testgen.domain.snapshot import Snapshot
from openhands_testgen.domain.task import Assignment, Limits, Model, Order
from openhands_testgen.domain.task_id import TaskId

if TYPE_CHECKING:
    from pathlib import Path

MODULE = "src/shop/prices.py"
OUTPUT = "tests/test_prices.py"
FILES = {
    MODULE: b"def price():\n    return 1\n",
    "src/shop/__init__.py": b"",
    "tests/test_old.py": b"def test_old():\n    assert True\n",
}


def make_project(root: Path, files: dict[str, bytes] | None = None) -> Snapshot:
    """Write a small project and name its files."""
    content = FILES if files is None else files
    for path, data in content.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return Snapshot(root, tuple(sorted(content)), "d" * 64)


def make_order(snapshot: Snapshot, number: int = 1, **changes: object) -> Order:
    """Make an order; ``changes`` replace any of its fields."""
    content: dict[str, object] = {
        "conversation_id": f"{number:032x}",
        "assignment": Assignment(MODULE, OUTPUT, 80),
        "prompt": f"Test file to write: `{OUTPUT}`",
        "snapshot": snapshot,
        "model": Model("openai/model", "planted-model-key", "http://127.0.0.1:9/v1"),
        "limits": Limits(20, None),
        "tags": {"project": "openhandstestgen", "order": f"{number:064x}"},
    }
    return Order(**{**content, **changes})  # type: ignore[arg-type] # a test names what exists


def make_task_id(order: Order, backend: str, reference: dict[str, str]) -> TaskId:
    """Make the id that submit would print for an order."""
    return TaskId(
        backend=backend,
        conversation_id=order.conversation_id,
        module_path=order.assignment.module_path,
        output_path=order.assignment.output_path,
        coverage_threshold=80,
        created_at=1_700_000_000,
        module_digest="-",
        output_digest="-",
        reference=reference,
    )
