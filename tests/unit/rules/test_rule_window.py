"""Windows: what a point did over the last minutes, and when that cannot be said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.window import Run, Runs, average, extend, highest, lowest, rate, unbroken
from tests.unit.rules.judged import MINUTE, T0, answer, said

KEEP = 30 * MINUTE


def runs(*reports: tuple[float, float], keep: timedelta = KEEP) -> Runs:
    """Of (minute, value)."""
    found: Runs = ()
    for minute, value in reports:
        found = extend(found, value, T0 + minute * MINUTE, keep)
    return found


def test_equal_values_make_one_run() -> None:
    assert runs((0, 5), (5, 5), (10, 5)) == (Run(5, T0, T0 + 10 * MINUTE),)


def test_a_long_silence_ends_what_was_before_it() -> None:
    back = T0 + 21 * MINUTE
    assert runs((0, 5), (21, 5)) == (Run(5, back, back),)
    assert unbroken((Run(5, T0, T0), Run(5, back, back))) == runs((0, 5), (21, 5))
    assert unbroken(runs((0, 5), (20, 6))) == runs((0, 5), (20, 6))


def test_it_forgets_what_no_window_needs() -> None:
    found = runs(*((minute, minute) for minute in range(100)))
    assert (found[0].value, len(found)) == (69, 31)


def test_it_stays_small_however_often_a_point_moves() -> None:
    found = runs(*((second / 60, second) for second in range(0, 7200, 5)))
    assert len(found) <= 62
    assert rate(found, T0 + timedelta(seconds=7195), KEEP) == pytest.approx(3600, rel=0.03)


def test_the_average_goes_by_time_and_not_by_reports() -> None:
    found = runs((0, 0), (10, 10), (11, 10), (12, 10), (20, 10))
    assert average(found, T0 + 20 * MINUTE, 20 * MINUTE) == pytest.approx(5)


def test_the_extremes_know_the_value_at_the_begin() -> None:
    found = runs((0, -3), (10, 4), (15, 2), (20, 2))
    assert (lowest(found, T0 + 20 * MINUTE, 15 * MINUTE), highest(found, T0 + 20 * MINUTE, 15 * MINUTE)) == (-3, 4)
    assert lowest(found, T0 + 20 * MINUTE, 10 * MINUTE) == 2


def test_the_rate_is_the_change_per_hour() -> None:
    assert rate(runs((0, 1), (5, 2), (15, 4)), T0 + 15 * MINUTE, 15 * MINUTE) == pytest.approx(12)


@pytest.mark.parametrize(
    ("reports", "now"),
    [([], 10), ([(6, 1), (10, 1)], 10), ([(0, 1), (5, 2)], 26)],
    ids=["nothing", "begins too late", "silent since"],
)
def test_a_window_that_is_not_covered_is_unknown(reports: list[tuple[float, float]], now: int) -> None:
    for question in (average, lowest, highest, rate):
        assert question(runs(*reports), T0 + now * MINUTE, 10 * MINUTE) is None


def test_a_silence_inside_the_window_makes_it_unknown() -> None:
    found = runs((0, 1), (21, 2), (25, 3))
    assert average(found, T0 + 25 * MINUTE, 10 * MINUTE) is None


@given(st.lists(st.tuples(st.integers(1, 20), st.floats(-60, 60)), min_size=1, max_size=30), st.integers(1, 30))
def test_the_average_lies_between_the_extremes(steps: list[tuple[int, float]], length: int) -> None:
    minute, reports = 0, []
    for gap, value in steps:
        minute += gap
        reports.append((minute, value))
    at, window, found = T0 + minute * MINUTE, length * MINUTE, runs(*reports)
    mean, low, high = average(found, at, window), lowest(found, at, window), highest(found, at, window)
    assert (mean is None) == (low is None) == (high is None)
    if mean is not None and low is not None and high is not None:
        assert low - 1e-9 <= mean <= high + 1e-9


def test_a_condition_sees_its_window() -> None:
    told = [said(minute, temp_control=-20.0 + minute) for minute in range(0, 20, 5)]
    assert answer("rate(temp.control, 15m) > 59", *told) is True
    assert answer("avg(temp.control, 15m) < -12", *told) is True
    assert answer("max(temp.control, 15m) > min(temp.control, 15m) + 14", *told) is True
    assert answer("rate(temp.control, 30m) > 0", *told) is None
