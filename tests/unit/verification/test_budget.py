"""The time of a verdict: shared, bounded, and over at some point."""

from __future__ import annotations

import pytest

from openhands_testgen.verification.budget import Budget, OutOfTimeError
from tests.fakes.surroundings import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def budget(clock: FakeClock) -> Budget:
    return Budget(100, clock.monotonic)


@pytest.mark.parametrize(
    ("passed", "wanted", "given"), [(0, 30, 30), (80, 30, 20), (0, 500, 100), (98.5, 30, 1.5)]
)
def test_what_is_left_bounds_what_is_given(
    clock: FakeClock, budget: Budget, passed: float, wanted: float, given: float
) -> None:
    clock.seconds += passed
    assert budget.take(wanted) == pytest.approx(given)


@pytest.mark.parametrize("passed", [99.5, 100, 1_000])
def test_nothing_is_given_when_nothing_is_left(
    clock: FakeClock, budget: Budget, passed: float
) -> None:
    clock.seconds += passed
    with pytest.raises(OutOfTimeError):
        budget.take(1)


@pytest.mark.parametrize(("last", "given"), [(None, 20), (0.5, 12), (2, 18), (50, 20)])
def test_a_run_has_a_share_and_less_once_it_is_known(
    budget: Budget, last: float | None, given: float
) -> None:
    assert budget.take_run(last) == given
