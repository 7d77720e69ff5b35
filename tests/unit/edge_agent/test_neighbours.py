"""Dead devices cost the others of their line little, in virtual time with the bytes at 9600 baud."""

from __future__ import annotations

import statistics
from datetime import timedelta

import pytest

from tests.bench.bus import cycles, mixed_devices

FLAT_OUT, AT_EASE = timedelta(seconds=1), timedelta(seconds=10)


@pytest.mark.parametrize("period", [FLAT_OUT, AT_EASE], ids=["flat out", "at ease"])
@pytest.mark.parametrize(("dead", "bar"), [(1, 1.10), (8, 1.25)])
def test_the_cycle_of_healthy_devices_hardly_grows(dead: int, bar: float, period: timedelta) -> None:
    devices = mixed_devices(32)
    alone, beside = cycles(devices[dead:], 0, period), cycles(devices, dead, period)
    assert statistics.mean(beside) <= bar * statistics.mean(alone)
    assert max(beside) <= bar * max(alone)
