"""A few kills and power cuts of the outbox: the short form of what `make torture` does hundreds of times."""

from __future__ import annotations

import pytest

from tests.torture.power import cut_simulated_power, kill_writer, refuse_at_random
from tests.torture.rescue import rescue_ruined
from tests.torture.toll import Ordeal


@pytest.mark.parametrize(
    ("ordeal", "rounds"), [(kill_writer, 22), (cut_simulated_power, 10), (refuse_at_random, 5), (rescue_ruined, 3)]
)
def test_the_outbox_loses_nothing_that_it_said_was_stored(ordeal: Ordeal, rounds: int) -> None:
    toll = ordeal(rounds, "short")
    assert toll.ok, toll
