"""Readings of a minute or an hour in one line: what was lowest, highest, the mean over time, how many, how good."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from operator import mul, sub
from typing import Any

import msgspec

from collector.telemetry.block import QUALITIES, QUALITY_CODES
from edge_agent.contract.readings import Quality


class Bucket(msgspec.Struct, frozen=True):
    """One point from `at_ms` on, for as long as its level says. A flag counts as 0.0 or 1.0.

    `count` are all readings, `worst` is the worst quality among them. `low`, `high` and `mean` are of the numbers, None
    where there was none; `word` is the last word. A number counts for the mean for as long as it stood within the
    bucket: until the next reading of the point, good or bad, or the bucket's end.
    """

    at_ms: int
    count: int
    worst: Quality
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    word: str | None = None


class Grid:
    """Where the buckets of some instants begin and end, and how long each instant stood: the same for many points."""

    def __init__(self, instants: Sequence[int], width_ms: int) -> None:
        """`instants` in order, at least one."""
        numbers = [at_ms // width_ms for at_ms in instants]
        edges = [0, *(row for row in range(1, len(numbers)) if numbers[row] != numbers[row - 1]), len(numbers)]
        self.spans = [(first, end, numbers[first] * width_ms) for first, end in pairwise(edges)]
        self.stood = [*map(sub, instants[1:], instants), 0]
        for _, end, at_ms in self.spans:
            self.stood[end - 1] = at_ms + width_ms - instants[end - 1]


def roll_up(grid: Grid, values: Sequence[float | str | None], codes: Sequence[int]) -> list[Bucket]:
    """A bucket depends on nothing but its own readings; `values` and `codes` belong to the instants of `grid`."""
    if not any(codes) and str not in map(type, values):
        return _roll_up_numbers(grid, values)  # type: ignore[arg-type] # a good value that is no word is a number
    return [_bucket(grid, first, end, at_ms, values, codes) for first, end, at_ms in grid.spans]


def _roll_up_numbers(grid: Grid, numbers: Sequence[float]) -> list[Bucket]:
    """By far the most: kept short, for it is half of what sealing costs."""
    good, stood = Quality.GOOD, grid.stood
    buckets = []
    for first, end, at_ms in grid.spans:
        some = numbers[first:end]
        low, high = min(some), max(some)
        mean = low if low == high else _mean(some, stood[first:end], low, high)
        buckets.append(Bucket(at_ms, end - first, good, low, high, mean))
    return buckets


def _bucket(
    grid: Grid, first: int, end: int, at_ms: int, values: Sequence[float | str | None], codes: Sequence[int]
) -> Bucket:
    count, worst = end - first, QUALITIES[max(codes[first:end])]
    words = [value for value in values[first:end] if isinstance(value, str)]
    word = words[-1] if words else None
    rows = [row for row in range(first, end) if isinstance(values[row], float | int)]
    numbers = [value for value in values[first:end] if isinstance(value, float | int)]
    if not numbers:
        return Bucket(at_ms, count, worst, word=word)
    low, high = min(numbers), max(numbers)
    mean = _mean(numbers, [grid.stood[row] for row in rows], low, high)
    return Bucket(at_ms, count, worst, low, high, mean, word)


def _mean(numbers: Sequence[float], stood: Sequence[int], low: float, high: float) -> float:
    """Never outside of the numbers, whatever the rounding. Where none stood any time they all weigh the same."""
    total = sum(stood)
    mean = sum(map(mul, numbers, stood)) / total if total else sum(numbers) / len(numbers)
    return min(max(mean, low), high) if math.isfinite(mean) else low / 2 + high / 2


def join(buckets: Sequence[Bucket], weights: Sequence[int], at_ms: int) -> Bucket:
    """Several of one point as one, oldest first; `weights` are for the mean."""
    means = [one.mean for one in buckets if one.mean is not None]
    heavy = [weight for one, weight in zip(buckets, weights, strict=True) if one.mean is not None]
    return Bucket(
        at_ms,
        sum([one.count for one in buckets]),
        QUALITIES[max([QUALITY_CODES[one.worst] for one in buckets])],
        min([one.low for one in buckets if one.low is not None], default=None),
        max([one.high for one in buckets if one.high is not None], default=None),
        sum(map(mul, means, heavy)) / sum(heavy) if means else None,
        next((one.word for one in reversed(buckets) if one.word is not None), None),
    )


def widen(buckets: Sequence[Bucket], width_ms: int) -> list[Bucket]:
    """`buckets` of one point, oldest first, in steps of `width_ms`; each stands for the same time in the mean."""
    if not buckets:
        return []
    spans = Grid([one.at_ms for one in buckets], width_ms).spans
    if any(one.mean is None or one.word is not None or one.worst is not Quality.GOOD for one in buckets):
        return [join(buckets[first:end], [1] * (end - first), at_ms) for first, end, at_ms in spans]
    counts = [one.count for one in buckets]
    low, high, mean = ([getattr(one, name) for one in buckets] for name in ("low", "high", "mean"))
    return [
        Bucket(
            at_ms,
            sum(counts[first:end]),
            Quality.GOOD,
            min(low[first:end]),
            max(high[first:end]),
            sum(mean[first:end]) / (end - first),
        )
        for first, end, at_ms in spans
    ]


def add(buckets: Sequence[Bucket], late: Sequence[Bucket]) -> list[Bucket]:
    """What came late put to `buckets` of the same point and width whose own readings are kept no longer.

    Each reading weighs the same in the mean: how long it stood cannot be known any more.
    """
    both = sorted([*buckets, *late], key=lambda bucket: bucket.at_ms)
    many = [(at_ms, list(members)) for at_ms, members in groupby(both, lambda bucket: bucket.at_ms)]
    return [join(members, [one.count for one in members], at_ms) for at_ms, members in many]


def buckets_of(points: Sequence[str], told: Mapping[tuple[str, int], Mapping[str, Any]]) -> dict[str, list[Bucket]]:
    """`told` by point and instant: low, high, mean, numbers, worst, bad, word, words, as far as there are any."""
    buckets: dict[str, list[Bucket]] = {point: [] for point in points}
    for point, members in groupby(sorted(told), lambda key: key[0]):
        buckets[point] = [_told_bucket(at_ms, told[point, at_ms]) for _, at_ms in members]
    return buckets


def _told_bucket(at_ms: int, told: Mapping[str, Any]) -> Bucket:
    count = sum(int(told.get(name, 0)) for name in ("numbers", "bad", "words"))
    worst = QUALITIES[int(told.get("worst", 0))]
    return Bucket(at_ms, count, worst, told.get("low"), told.get("high"), told.get("mean"), told.get("word"))
