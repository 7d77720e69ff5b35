"""Buckets against a naive computation over everything that was said: the same, from the oldest bucket on."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.contract.readings import Telemetry
from rules.buckets import Row, begin, layout_of, merged, push, rows_of, settle, sums_of, take
from rules.pace import BUCKETS
from rules.terms import TrackKind
from tests.unit.rules.followed import book_for, judged, says
from tests.unit.rules.judged import telemetry

KINDS: tuple[TrackKind, ...] = ("mean", "range", "slope", "starts")
WIDTH = 86_400.0 / BUCKETS
"""Of the buckets of a day."""
Said = tuple[int, float, bool]
"""Minutes since the one before, a temperature and whether the compressor runs."""
BOOK = book_for(
    "avg(temp.control, 24h)",
    "min(temp.control, 24h)",
    "max(temp.control, 24h)",
    "share(out.compressor, 24h)",
    "starts(out.compressor, 24h)",
    "avg(temp.control, 24h, out.compressor)",
    "slope(temp.control, 24h)",
)


def some(random: Random, count: int = 360) -> list[Said]:
    return [(random.randint(5, 19), round(random.uniform(-30, 30), 1), random.random() < 0.5) for _ in range(count)]


def polls(said: list[Said]) -> list[Telemetry]:
    minute, told = 0, []
    for gap, air, on in said:
        minute += gap
        told.append(telemetry(minute, {"temp.control": air, "out.compressor": on}))
    return told


def pieces(told: list[Telemetry]) -> list[tuple[float, float, float, bool]]:
    """(seconds, middle, temperature, runs) of what stood within the length, up to the newest."""
    now = told[-1].at.timestamp()
    first = (now // WIDTH - BUCKETS + 1) * WIDTH
    found = []
    for one, other in pairwise(told):
        since, until = max(one.at.timestamp(), first), other.at.timestamp()
        if until > since:
            air, on = (reading.value for reading in one.readings)
            assert isinstance(air, float)
            found.append((until - since, (until + since) / 2, air, on is True))
    return found


def naive(told: list[Telemetry]) -> tuple[Any, ...]:
    parts = pieces(told)
    now = told[-1].readings[0].value
    weight = sum(part[0] for part in parts)
    runs = [part for part in parts if part[3]]
    assert isinstance(now, float)
    airs = [*(part[2] for part in parts), now]
    starts = sum(
        b.readings[1].value is True and a.readings[1].value is False and b.at.timestamp() >= parts[0][1] - parts[0][0]
        for a, b in pairwise(told)
    )
    mean = sum(seconds * air for seconds, _, air, _ in runs) / sum(part[0] for part in runs)
    return (
        sum(seconds * air for seconds, _, air, _ in parts) / weight,
        min(airs),
        max(airs),
        sum(part[0] for part in runs) / weight,
        starts,
        mean,
    )


@pytest.mark.parametrize("seed", range(8))
def test_what_buckets_say_is_what_everything_says(seed: int) -> None:
    told = polls(some(Random(seed)))
    answers, truth = says(BOOK, judged(BOOK, told)), naive(told)
    assert answers[0] == pytest.approx(truth[0], abs=1e-4)
    assert answers[1:3] == truth[1:3]
    assert answers[3] == pytest.approx(truth[3], abs=1e-6)
    assert answers[4] == pytest.approx(truth[4], abs=1)
    assert answers[5] == pytest.approx(truth[5], abs=1e-4)


@pytest.mark.parametrize("per_hour", [-2.0, -0.03, 0.0, 0.4, 1.7])
def test_the_slope_of_a_line_is_its_slope(per_hour: float) -> None:
    minute, told = 0, []
    for gap, _, _ in some(Random(3)):
        minute += gap
        told.append(telemetry(minute, {"temp.control": per_hour * minute / 60}))
    assert says(BOOK, judged(BOOK, told))[6] == pytest.approx(per_hour, abs=0.02)


STEPS = st.lists(
    st.tuples(st.integers(1, 20_000), st.one_of(st.none(), st.just(False), st.floats(-50, 50))), min_size=1, max_size=80
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("conditional", [True, False])
@settings(max_examples=30, deadline=None)
@given(STEPS, st.integers(0, 80))
def test_two_halves_added_are_the_whole(
    kind: TrackKind, conditional: bool, steps: list[tuple[int, float | bool | None]], cut: int
) -> None:
    layout = layout_of(kind, conditional=conditional)
    running, at, closed = begin(None, 0.0, kind), 0.0, list[tuple[int, Row]]()
    for seconds, held in steps:
        if held is False and not conditional:
            continue
        at += seconds
        running, more = settle(running, at, WIDTH, kind)
        closed += more
        flag = float(held > 0) if kind == "starts" and held is not None and held is not False else held
        running = take(running, flag, kind)
    newest = int(at // WIDTH) - 1
    whole = push(layout, b"", closed, newest, WIDTH)
    halves = rows_of(layout, push(layout, b"", closed[:cut], newest, WIDTH))
    both = merged(layout, [*closed[cut:], *halves], newest, WIDTH)
    assert rows_of(layout, both) == rows_of(layout, whole)
    assert sums_of(layout, both) == pytest.approx(sums_of(layout, whole))
    step_by_step = b""
    for bucket, row in closed:
        step_by_step = push(layout, step_by_step, [(bucket, row)], bucket, WIDTH)
    assert rows_of(layout, push(layout, step_by_step, [], newest, WIDTH)) == rows_of(layout, whole)


def test_a_past_never_has_more_rows_than_a_length_needs() -> None:
    layout = layout_of("range", conditional=True)
    past = b""
    for bucket in range(500):
        past = push(layout, past, [(bucket, Row(1.0, 1.0, bucket, bucket))], bucket, WIDTH)
    assert [bucket for bucket, _ in rows_of(layout, past)] == list(range(500 - BUCKETS + 1, 500))
    assert len(past) == layout.sums.size + (BUCKETS - 1) * layout.row.size


def test_what_nothing_was_added_to_for_a_length_is_empty() -> None:
    layout = layout_of("mean", conditional=False)
    past = push(layout, b"", [(7, Row(1.0, 1.0, 1.0, 0.0))], 7, WIDTH)
    assert rows_of(layout, push(layout, past, [], 7 + BUCKETS - 2, WIDTH)) == [(7, Row(1.0, 1.0, 1.0, 0.0))]
    assert push(layout, past, [], 7 + BUCKETS - 1, WIDTH) == b""


@pytest.mark.parametrize("kind", KINDS)
def test_what_stood_for_longer_than_a_length_leaves_no_more_rows_than_that(kind: TrackKind) -> None:
    layout, day = layout_of(kind, conditional=False), 86_400.0
    begun = take(begin(0.0, 100.0, kind), 1.0, kind)
    at_once, closed = settle(begun, 30 * day + 900.0, WIDTH, kind)
    buckets = int(30 * day / WIDTH)
    newest = int(at_once.at // WIDTH) - 1
    stepwise, past = begun, b""
    for bucket in range(1, buckets + 1):
        stepwise, rows = settle(stepwise, bucket * WIDTH, WIDTH, kind)
        past = push(layout, past, rows, bucket - 1, WIDTH)
    stepwise, rows = settle(stepwise, 30 * day + 900.0, WIDTH, kind)
    assert (len(closed), at_once) == (BUCKETS, stepwise)
    assert rows_of(layout, push(layout, b"", closed, newest, WIDTH)) == rows_of(layout, past)
