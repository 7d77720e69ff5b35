"""A chart is told in as many steps as a line can show, and never in more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.telemetry.steps import DAY, DEFAULT_KEEP, HOUR, MINUTE, WIDTHS, Level, choose_step

NOW = datetime(2026, 7, 15, 12, 34, 56, tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "level", "step"),
    [
        (HOUR, Level.MINUTE, MINUTE),
        (DAY, Level.MINUTE, MINUTE),
        (7 * DAY, Level.MINUTE, 10 * MINUTE),
        (30 * DAY, Level.MINUTE, 30 * MINUTE),
        (365 * DAY, Level.HOUR, 6 * HOUR),
        (5 * 365 * DAY, Level.HOUR, DAY),
    ],
)
def test_the_span_decides_how_finely_it_is_told(span: timedelta, level: Level, step: timedelta) -> None:
    assert choose_step(NOW - span, NOW, 2_000, NOW, DEFAULT_KEEP) == (level, step)


def test_a_day_of_long_ago_is_told_in_hours() -> None:
    begin = NOW - 300 * DAY
    assert choose_step(begin, begin + DAY, 2_000, NOW, DEFAULT_KEEP) == (Level.HOUR, HOUR)
    assert choose_step(begin, begin + DAY, 2_000, NOW, {}) == (Level.MINUTE, MINUTE)


@given(st.timedeltas(timedelta(0), 60_000 * DAY), st.integers(100, 5_000), st.integers(0, 10**9))
def test_no_span_touches_more_steps_than_asked_for(span: timedelta, most: int, shift: int) -> None:
    until = datetime(2200, 1, 1, tzinfo=UTC) + timedelta(milliseconds=shift)
    since = until - span
    level, step = choose_step(since, until, most, until, {})
    assert step % WIDTHS[level] == timedelta(0)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert (until - epoch) // step - (since - epoch) // step + 1 <= most
