"""A hundred days of a store with four devices, in five runs; the others have a file, and so a process, of their own."""

from __future__ import annotations

import pytest

from tests.simulation.world import simulate


@pytest.mark.parametrize("seed", range(1, 6))
def test_it_keeps_every_promise_through_twenty_days_of_misfortune(seed: int) -> None:
    outcome = simulate(str(seed), 20)
    assert outcome.kept + outcome.dropped > 9_000
    assert outcome.truths > 5_000
    assert outcome.settled >= 5
    assert outcome.closed > 5
    assert sum(outcome.stories.values()) > 100
