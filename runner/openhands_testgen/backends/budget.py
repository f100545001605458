"""What an agent may spend, where the backend does not see to it: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhands_testgen.domain.task import Conclusion

if TYPE_CHECKING:
    from openhands_testgen.domain.task import Limits, TaskState


def find_overspending(limits: Limits, state: TaskState) -> str:
    """Say by how much a task spent more than it may; empty if it did not, or nobody knows."""
    limit, cost = limits.max_cost_usd, state.cost_usd
    if limit is None or cost is None or cost <= limit:
        return ""
    return f"The agent was stopped: it has spent {cost:.2f} USD, `max-cost` is {limit:.2f}."


def find_overrun(limits: Limits, state: TaskState) -> str:
    """Say by how many steps an agent goes on for too long, or did until it was stopped.

    One that ended by itself is through: what it did between two looks is no reason to lose that.
    """
    is_over = state.status.is_final and state.conclusion is not Conclusion.CANCELLED
    if is_over or state.steps <= limits.max_iterations:
        return ""
    return (
        f"MaxIterationsReached: the agent was stopped after {state.steps} steps, "
        f"`max-iterations` is {limits.max_iterations}."
    )
