"""What a verdict asks for beside coverage."""

from __future__ import annotations

from dataclasses import dataclass

from openhands_testgen.domain.verdict import MUTATION_THRESHOLD


@dataclass(frozen=True, slots=True)
class VerdictPlan:
    """How much is tried, and what is enough.

    ``mutation_threshold`` is percent; ``reruns`` and ``mutants`` are how many at most;
    ``timeout_seconds`` is for the whole verdict of one file. With ``is_sandbox_required`` nothing
    runs where a protection is missing.
    """

    mutation_threshold: float = MUTATION_THRESHOLD
    reruns: int = 5
    mutants: int = 100
    timeout_seconds: float = 300.0
    is_sandbox_required: bool = False
