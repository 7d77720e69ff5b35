"""Dead and slow devices cost the others of their line little, in virtual time with the bytes at 9600 baud."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import timedelta
from functools import cache

import pytest

from tests.bench.bus import DIES_AT, SLOW_REQUESTS, beside_a_slow_one, cycles, mixed_devices, watch_over

FLAT_OUT, AT_EASE = timedelta(seconds=1), timedelta(seconds=10)
EACH_PERIOD = pytest.mark.parametrize("period", [FLAT_OUT, AT_EASE], ids=["flat out", "at ease"])
FROM_THE_START = 0.0


@cache
def alone(devices: int, period: timedelta) -> list[float]:
    return cycles(mixed_devices(32)[32 - devices :], 0, period)


def assert_hardly_grown(beside: Sequence[float], without: Sequence[float], bar: float) -> None:
    assert statistics.mean(beside) <= bar * statistics.mean(without)
    assert max(beside) <= bar * max(without)


@EACH_PERIOD
@pytest.mark.parametrize("dies_at", [DIES_AT, FROM_THE_START], ids=["died later", "never there"])
@pytest.mark.parametrize(("dead", "bar"), [(1, 1.10), (8, 1.25)])
def test_the_cycle_of_healthy_devices_hardly_grows(dead: int, bar: float, dies_at: float, period: timedelta) -> None:
    assert_hardly_grown(cycles(mixed_devices(32), dead, period, dies_at), alone(32 - dead, period), bar)


@EACH_PERIOD
def test_one_that_answers_slowly_hardly_delays_the_others(period: timedelta) -> None:
    assert_hardly_grown(cycles(beside_a_slow_one(32), 0, period, slow=1), alone(31, period), 1.10)


def test_one_that_answers_slowly_is_asked_for_all_of_it_where_the_line_has_time() -> None:
    asked = watch_over(beside_a_slow_one(16), 0, AT_EASE, slow=1).asked
    assert len(asked) == SLOW_REQUESTS
    assert min(asked.values()) >= 3
