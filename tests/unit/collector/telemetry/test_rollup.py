"""Minutes and hours: lowest, highest, mean over time, how many, how good."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from collector.telemetry.block import Poll, in_order, tracks_of
from collector.telemetry.fold import fold, hour_of, roll_up_polls
from collector.telemetry.rollup import Bucket, Grid, add, roll_up, widen
from collector.telemetry.summary import open_summary, seal_summary
from edge_agent.contract.readings import Quality
from tests.unit.collector.telemetry.polls import HOUR_MS, POLLS, WINDOW

MINUTE = 60_000
TOP = WINDOW * HOUR_MS


def rolled(*readings: tuple[int, float | str | None, int], width: int = MINUTE) -> list[Bucket]:
    """Of readings (second, value, code) of one point."""
    grid = Grid([TOP + second * 1000 for second, _, _ in readings], width)
    return roll_up(grid, [value for _, value, _ in readings], [code for _, _, code in readings])


def good(*numbers: tuple[int, float]) -> list[tuple[int, float | str | None, int]]:
    return [(second, number, 0) for second, number in numbers]


def test_a_number_weighs_as_long_as_it_stood() -> None:
    """-20 for 45 seconds, then -10 for 15."""
    assert rolled(*good((0, -20.0), (45, -10.0))) == [Bucket(TOP, 2, Quality.GOOD, -20.0, -10.0, -17.5)]


def test_many_reports_of_a_short_time_do_not_outweigh_a_quiet_hour() -> None:
    quiet = [(minute * 300, -20.0) for minute in range(11)]
    busy = [(3300 + second, -10.0) for second in range(0, 300, 10)]
    (hour,) = rolled(*good(*quiet, *busy), width=HOUR_MS)
    assert hour.count == 41
    assert hour.mean == (-20.0 * 3300 + -10.0 * 300) / 3600


def test_a_bad_reading_ends_how_long_a_number_stood() -> None:
    """10 for ten seconds, nothing for forty, 20 for ten."""
    (minute,) = rolled((0, 10.0, 0), (10, None, 1), (50, 20.0, 0))
    assert minute == Bucket(TOP, 3, Quality.NO_ANSWER, 10.0, 20.0, 15.0)


def test_each_minute_knows_only_its_own_readings() -> None:
    first, second = rolled(*good((50, 1.0), (70, 3.0)))
    assert (first.at_ms, first.mean, first.count) == (TOP, 1.0, 1)
    assert (second.at_ms, second.mean, second.count) == (TOP + MINUTE, 3.0, 1)


def test_readings_of_one_instant_are_all_counted() -> None:
    (minute,) = rolled(*good((0, 1.0), (0, 3.0)))
    assert (minute.count, minute.low, minute.high, minute.mean) == (2, 1.0, 3.0, 3.0)


def test_words_have_no_mean_and_the_last_stands() -> None:
    (minute,) = rolled((0, "cooling", 0), (30, "defrost", 0), (40, None, 2))
    assert minute == Bucket(TOP, 3, Quality.BUS_DOWN, word="defrost")


def test_flags_count_as_nought_and_one() -> None:
    polls = [Poll(TOP, 1, [1], [True], b""), Poll(TOP + 30_000, 2, [1], [False], b"")]
    assert roll_up_polls(polls, MINUTE) == {1: [Bucket(TOP, 2, Quality.GOOD, 0.0, 1.0, 0.5)]}


def test_steps_are_made_of_finer_ones() -> None:
    quarter = [
        Bucket(TOP + minute * MINUTE, 2, Quality.GOOD, 0.0 + minute, 1.0 + minute, 0.5 + minute) for minute in range(4)
    ]
    quarter.append(Bucket(TOP + 4 * MINUTE, 1, Quality.REFUSED))
    assert widen(quarter, 5 * MINUTE) == [Bucket(TOP, 9, Quality.REFUSED, 0.0, 4.0, 2.0)]


def test_what_comes_after_its_readings_were_dropped_is_added() -> None:
    known = [Bucket(TOP, 3, Quality.GOOD, 1.0, 3.0, 2.0)]
    late = [Bucket(TOP, 1, Quality.REFUSED), Bucket(TOP + MINUTE, 1, Quality.GOOD, 9.0, 9.0, 9.0)]
    assert add(known, late) == [Bucket(TOP, 4, Quality.REFUSED, 1.0, 3.0, 2.0), late[1]]


@given(POLLS, st.data())
def test_roll_ups_do_not_depend_on_when_the_readings_came(polls: list[Poll], data: st.DataObject) -> None:
    """In two parts, in any order, some of it twice: the same as all of it at once."""
    shuffled = data.draw(st.permutations(polls))
    cut = data.draw(st.integers(0, len(polls)))
    old, new = in_order(shuffled[:cut]), shuffled[cut:] + shuffled[:3]
    if len({(one.at_ms, one.seq) for one in polls}) < len(polls):
        return  # which of two contradicting repeats came first decides
    known = roll_up_polls(old, MINUTE)
    assert fold(hour_of(old, new), known, MINUTE) == roll_up_polls(in_order(polls), MINUTE)


@given(POLLS, POLLS)
def test_nothing_is_uncounted_when_the_readings_of_before_are_gone(before: list[Poll], late: list[Poll]) -> None:
    known = roll_up_polls(in_order(before), HOUR_MS)
    folded = fold(hour_of([], late), known, HOUR_MS)
    counted = {point: sum(one.count for one in buckets) for point, buckets in folded.items()}
    told = tracks_of(in_order(before)), tracks_of(in_order(late))
    assert counted == {
        point: sum(len(tracks[point].rows) for tracks in told if point in tracks) for point in {*told[0], *told[1]}
    }


@given(POLLS)
def test_a_bucket_says_what_its_readings_say(polls: list[Poll]) -> None:
    polls = in_order(polls)
    tracks = tracks_of(polls)
    for point, buckets in roll_up_polls(polls, MINUTE).items():
        found = tracks[point]
        for bucket in buckets:
            rows = [i for i, row in enumerate(found.rows) if polls[row].at_ms // MINUTE * MINUTE == bucket.at_ms]
            numbers = [value for i in rows if isinstance(value := found.values[i], float)]
            assert bucket.count == len(rows)
            assert (bucket.low, bucket.high) == (min(numbers, default=None), max(numbers, default=None))
            assert bucket.mean is None or min(numbers) <= bucket.mean <= max(numbers)


@given(POLLS, st.sampled_from([MINUTE, HOUR_MS]))
def test_a_sealed_summary_gives_back_its_buckets(polls: list[Poll], width: int) -> None:
    """The mean to a hundredth of the finest digit that its readings have."""
    buckets = roll_up_polls(in_order(polls), width)
    opened = open_summary(seal_summary(width, buckets))
    assert opened.keys() == buckets.keys()
    for point, some in buckets.items():
        assert opened[point] == open_summary(seal_summary(width, buckets), point)[point]
        for before, after in zip(some, opened[point], strict=True):
            assert (after.at_ms, after.count, after.worst, after.low, after.high, after.word) == (
                before.at_ms, before.count, before.worst, before.low, before.high, before.word,
            )  # fmt: skip
            assert (after.mean is None) == (before.mean is None)
            assert math.isclose(after.mean or 0.0, before.mean or 0.0, abs_tol=0.005, rel_tol=1e-9)
