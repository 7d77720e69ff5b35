"""Programs that are given the same argument agree on the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.clock import EPOCH, Clock, ClockArgumentInvalid, clock_argument, from_ms, machine_clock, to_ms

instants = st.integers(min_value=0, max_value=7_258_118_400_000_000).map(lambda us: EPOCH + timedelta(microseconds=us))


def clock_at(wall: float, argument: str | None = None) -> Clock:
    return machine_clock(lambda: wall, lambda: wall - 1000, argument)


@given(instants)
def test_milliseconds_are_exact(instant: datetime) -> None:
    whole = instant.replace(microsecond=instant.microsecond // 1000 * 1000)
    assert from_ms(to_ms(instant)) == whole


def test_milliseconds_count_in_utc() -> None:
    assert to_ms(datetime.fromisoformat("1970-01-01T08:00:01+08:00")) == 1000


def test_without_an_argument_it_is_the_machine() -> None:
    assert clock_at(1_784_088_000.25).now() == datetime(2026, 7, 15, 4, 0, 0, 250_000, tzinfo=UTC)
    assert clock_at(1_784_088_000.25).wall_seconds(timedelta(seconds=90)) == 90


def test_a_factor_runs_the_store_faster_than_the_wall() -> None:
    argument = "2026-07-15T02:00:00Z@5000x60"
    assert clock_at(5000, argument).now() == datetime(2026, 7, 15, 2, 0, tzinfo=UTC)
    assert clock_at(5001.5, argument).now() == datetime(2026, 7, 15, 2, 1, 30, tzinfo=UTC)
    assert clock_at(5001, argument).mono() - clock_at(5000, argument).mono() == 60
    assert clock_at(5000, argument).wall_seconds(timedelta(minutes=5)) == 5


@given(instants, st.floats(min_value=0, max_value=1e10), st.floats(min_value=0.01, max_value=1e5))
def test_the_argument_shares_the_clock(epoch: datetime, start: float, factor: float) -> None:
    clock = Clock(wall=lambda: start + 12.5, steady=lambda: 1.0, epoch=epoch, start=start, factor=factor)
    shared = machine_clock(clock.wall, clock.steady, clock_argument(clock))
    assert (shared.now(), shared.mono()) == (clock.now(), clock.mono())


@pytest.mark.parametrize(
    "argument",
    [
        "",
        "2026-07-15T02:00:00Z",
        "2026-07-15T02:00:00@5000x60",
        "2026-07-15T02:00:00Z@5000x0",
        "2026-07-15T02:00:00Z@5000x-1",
        "2026-07-15T02:00:00Z@5000xnan",
        "2026-07-15T02:00:00Z@5000xinf",
        "2026-07-15T02:00:00Z@infx1",
        "noon@5000x60",
        "2026-07-15T02:00:00Z@soonx60",
    ],
)
def test_it_refuses_what_is_no_clock(argument: str) -> None:
    with pytest.raises(ClockArgumentInvalid):
        clock_at(0, argument)
