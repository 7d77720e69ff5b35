"""Roll-ups of one device as one compressed block, column by column, and back."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from itertools import repeat
from operator import sub

import msgspec

from collector.telemetry.block import COMPRESSION, LAYOUT, NUMBER, QUALITIES, QUALITY_CODES, WORD
from collector.telemetry.columns import (
    Numbers,
    Run,
    fit,
    pack_doubles,
    pack_run,
    scale,
    unpack_numbers,
    unpack_run,
)
from collector.telemetry.rollup import Bucket
from edge_agent.contract.readings import Quality

MEAN_DECIMALS = 2
"""A mean is kept to so many digits more than its readings have."""
NOTHING, BOTH = 1, 254
"""Kinds of a bucket beside NUMBER and WORD."""

_NONE = (None, None, None)


class Levels(msgspec.Struct, array_like=True, frozen=True):
    """Numbers of buckets. Where all readings have few decimals, `high` and `mean` are kept as distances from `low`.

    `mean` is None where it is `low` in all, `high` where it is that.
    """

    low: Numbers
    high: Numbers | None
    mean: Numbers | None


class BucketColumn(msgspec.Struct, array_like=True, frozen=True):
    """One point: its buckets' numbers and counts of readings, worst codes and kinds (empty: all good, numbers)."""

    numbers: Run
    counts: Run
    worst: bytes
    kinds: bytes
    levels: Levels | None
    words: tuple[str, ...]


class Summary(msgspec.Struct, array_like=True, frozen=True):
    """Buckets of `width_ms`: the ids of points, and a BucketColumn for each, opened only where it is wanted."""

    layout: int
    width_ms: int
    points: tuple[int, ...]
    columns: tuple[msgspec.Raw, ...]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Summary).decode
_decode_column = msgspec.msgpack.Decoder(BucketColumn).decode


def seal_summary(width_ms: int, buckets: Mapping[int, Sequence[Bucket]]) -> bytes:
    """`buckets` by point id, oldest first, at least one of each."""
    points = tuple(sorted(buckets))
    columns = tuple(msgspec.Raw(_encode(_column(width_ms, buckets[point]))) for point in points)
    return zlib.compress(_encode(Summary(LAYOUT, width_ms, points, columns)), COMPRESSION)


def open_summary(body: bytes, point: int | None = None) -> dict[int, list[Bucket]]:
    """By point id; with `point`, that one alone."""
    summary = _decode(zlib.decompress(body))
    return {
        number: _buckets(_decode_column(column), summary.width_ms)
        for number, column in zip(summary.points, summary.columns, strict=True)
        if point is None or number == point
    }


def _column(width_ms: int, buckets: Sequence[Bucket]) -> BucketColumn:
    worst = bytes([QUALITY_CODES[bucket.worst] for bucket in buckets])
    kinds = bytes([_kind(bucket) for bucket in buckets])
    with_number = [bucket for bucket in buckets if bucket.mean is not None]
    return BucketColumn(
        pack_run([bucket.at_ms // width_ms for bucket in buckets]),
        pack_run([bucket.count for bucket in buckets]),
        worst if any(worst) else b"",
        kinds if any(kinds) else b"",
        _levels(with_number) if with_number else None,
        tuple(bucket.word for bucket in buckets if bucket.word is not None),
    )


def _kind(bucket: Bucket) -> int:
    if bucket.mean is None:
        return NOTHING if bucket.word is None else WORD
    return NUMBER if bucket.word is None else BOTH


def _levels(buckets: Sequence[Bucket]) -> Levels:
    low = [bucket.low or 0.0 for bucket in buckets]
    high = [bucket.high or 0.0 for bucket in buckets]
    mean = [bucket.mean or 0.0 for bucket in buckets]
    flat = high == low
    decimals, whole = fit(low if flat else low + high)
    if decimals < 0:
        return Levels(pack_doubles(low), None if flat else pack_doubles(high), None if flat else pack_doubles(mean))
    floor = whole[: len(low)]
    if flat:
        return Levels(Numbers(decimals, pack_run(floor), b""), None, None)
    fine = 10**MEAN_DECIMALS
    above = list(map(sub, whole[len(low) :], floor))
    middle = [one - base * fine for one, base in zip(scale(mean, decimals + MEAN_DECIMALS), floor, strict=True)]
    return Levels(
        Numbers(decimals, pack_run(floor), b""),
        Numbers(decimals, pack_run(above), b""),
        Numbers(decimals + MEAN_DECIMALS, pack_run(middle), b""),
    )


def _buckets(column: BucketColumn, width_ms: int) -> list[Bucket]:
    numbers, counts = unpack_run(column.numbers), unpack_run(column.counts)
    kinds = column.kinds or bytes(len(numbers))
    worst = [QUALITIES[code] for code in column.worst or bytes(len(numbers))]
    starts = [number * width_ms for number in numbers]
    if not column.kinds and not column.worst and column.levels:
        return list(map(Bucket, starts, counts, repeat(Quality.GOOD), *_unpack_levels(column.levels)))
    levels = zip(*_unpack_levels(column.levels), strict=True) if column.levels else iter(())
    words = iter(column.words)
    buckets = []
    for at_ms, count, quality, kind in zip(starts, counts, worst, kinds, strict=True):
        low, high, mean = next(levels) if kind in (NUMBER, BOTH) else _NONE
        word = next(words) if kind in (WORD, BOTH) else None
        buckets.append(Bucket(at_ms, count, quality, low, high, mean, word))
    return buckets


def _unpack_levels(levels: Levels) -> tuple[list[float], list[float], list[float]]:
    """Low, high, mean."""
    low = unpack_numbers(levels.low)
    if levels.high is None or levels.mean is None:
        return low, low, low
    if levels.low.scaled is None:
        return low, unpack_numbers(levels.high), unpack_numbers(levels.mean)
    decimals = levels.low.decimals
    floor = unpack_run(levels.low.scaled)
    high = _above(floor, levels.high.scaled, 1, decimals)
    mean = _above(floor, levels.mean.scaled, 10**MEAN_DECIMALS, decimals + MEAN_DECIMALS)
    return low, high, mean


def _above(floor: Sequence[int], distance: Run | None, fine: int, decimals: int) -> list[float]:
    """`distance` is scaled where `floor` is."""
    factor = 10.0**decimals
    above = unpack_run(distance) if distance else []
    return [(base * fine + one) / factor for base, one in zip(floor, above, strict=True)]
