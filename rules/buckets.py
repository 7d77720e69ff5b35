"""Statistics over ten minutes to seven days, from up to 16 buckets of event time: what is kept of each, what they say.

Buckets are aligned to absolute time (number = epoch seconds div width), so that two halves of a history can be added.
Those that are over are kept as packed rows with their sum before them; the one that runs is a tuple.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from struct import Struct
from typing import NamedTuple

from rules.pace import BUCKETS
from rules.terms import Question, TrackKind

ENOUGH = 0.8
"""The share of the length that must be known."""
LEAST_SHARE, LEAST_S = 0.01, 300.0
"""Of a statistic with a condition: for how much of the length, and for how long, it must have held at least."""
LEAST_SPREAD = 1 / 12
"""Of a slope with a condition: how far apart its samples must lie, as standard deviation of time over the length."""
_BEARABLE = 1e6
"""What is so many times larger than the rest of a sum has left nothing exact of it."""
_HOUR = 3600.0


class Running(NamedTuple):
    """The bucket that `at` lies in, as far as it is known until then.

    `held` stands since `at`: a number, False while the condition does not hold, None while unknown. `weight` is for how
    many seconds there was a number, `covered` for how many it is known whether there was one. `first` and `second` are,
    by kind: mean and usual the sum (unit s); range the lowest and highest; slope the sum, and that of the seconds since
    the bucket began; starts how often, and the flag known last (-1: none).
    """

    held: float | bool | None
    at: float
    weight: float = 0.0
    covered: float = 0.0
    first: float = 0.0
    second: float = 0.0


class Row(NamedTuple):
    """A bucket that is over, with the columns of `Running`."""

    weight: float
    covered: float
    first: float
    second: float


_NOTHING = Row(0.0, 0.0, 0.0, 0.0)
Columns = tuple[float, ...]
_running, _row = partial(tuple.__new__, Running), partial(tuple.__new__, Row)
"""Without the detour of their own `__new__`, as in `rules.memory`."""


class Sums(NamedTuple):
    """All rows of a past: as a row, for slopes with the sums of time and time squared (h since its end)."""

    weight: float = 0.0
    covered: float = 0.0
    first: float = 0.0
    second: float = 0.0
    time: float = 0.0
    time2: float = 0.0


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows of a kind are packed: single precision, but for extremes, which are compared.

    `count` is of the buckets that a length is divided into, the one that runs among them.
    """

    kind: TrackKind
    conditional: bool
    count: int
    row: Struct
    columns: tuple[int, ...]
    sums: Struct


def layout_of(kind: TrackKind, *, conditional: bool, count: int = BUCKETS) -> Layout:
    """Without a condition, what is covered has a number."""
    lead, columns = ("ff", (0, 1)) if conditional else ("f", (0,))
    own = {"mean": "f", "range": "dd", "slope": "ff", "starts": "f"}[kind]
    sums = {"mean": 3, "range": 4, "slope": 6, "starts": 3}[kind]
    return Layout(
        kind, conditional, count, Struct(f"<{lead}{own}"), (*columns, 2, 3)[: len(lead + own)], Struct(f"<q{sums}d")
    )


def settle(running: Running, until: float, width: float, kind: TrackKind) -> tuple[Running, list[tuple[int, Row]]]:
    """With what is held counted up to `until`; and the buckets that are over by then, those without knowledge left out,
    and of a statistic those that have left its length.

    What a bucket counts begins anew in the next; the flag that was known last stays.
    """
    closed: list[tuple[int, Row]] = []
    bucket, last = int(running.at // width), int(until // width)
    if running.held is None and bucket < last:
        if running.covered:
            closed.append((bucket, _row(running[2:])))
        return Running(None, until, second=running.second if kind == "starts" else 0.0), closed
    if kind != "usual" and bucket < last - BUCKETS:
        bucket = last - BUCKETS
        running = Running(running.held, bucket * width, second=running.second if kind == "starts" else 0.0)
    while bucket < last:
        full = grown(running, (bucket + 1) * width, width, kind)
        closed.append((bucket, _row(full[2:])))
        bucket += 1
        running = _running((full[0], bucket * width, 0.0, 0.0, 0.0, full[5] if kind == "starts" else 0.0))
    return grown(running, until, width, kind), closed


def grown(running: Running, until: float, width: float, kind: TrackKind) -> Running:
    """With what is held counted up to `until`, which lies in the same bucket or at its end."""
    held, at, weight, covered, first, second = running
    seconds = until - at
    if seconds <= 0 or held is None:
        return _running((held, max(at, until), weight, covered, first, second))
    if held is False:
        return _running((held, until, weight, covered + seconds, first, second))
    if kind in {"mean", "usual"}:
        first += held * seconds
    elif kind == "range":
        first, second = (min(first, held), max(second, held)) if weight else (held, held)
    elif kind == "slope":
        first += held * seconds
        second += seconds * ((at + until) / 2 - at // width * width)
    return _running((held, until, weight + seconds, covered + seconds, first, second))


def take(running: Running, held: float | bool | None, kind: TrackKind) -> Running:
    """With another number from now on; a flag that was false when it was known last, and is true, has begun."""
    _, at, weight, covered, first, second = running
    if kind == "starts" and held is not None:
        first += held > second >= 0
        second = float(held)
    return _running((held, at, weight, covered, first, second))


def begin(held: float | bool | None, at: float, kind: TrackKind) -> Running:
    return take(Running(None, at, second=-1.0 if kind == "starts" else 0.0), held, kind)


def rows_of(layout: Layout, past: bytes) -> list[tuple[int, Row]]:
    """By bucket, oldest first, without those of which nothing is known."""
    if not past:
        return []
    packed = list(layout.row.iter_unpack(past[layout.sums.size :]))
    first = _newest(past) - len(packed) + 1
    rows = ((first + n, _unpacked(layout, columns)) for n, columns in enumerate(packed))
    return [(bucket, row) for bucket, row in rows if row.covered]


def push(layout: Layout, past: bytes, closed: Sequence[tuple[int, Row]], newest: int, width: float) -> bytes:
    """With more rows; `newest` is the last bucket that is over. What has left the length of the statistic is left out.

    `closed` comes in order, none of it twice, and is newer than `past`.
    """
    row = layout.row
    rows = dict(closed)
    known_to = _newest(past) if past else min(rows, default=newest + 1) - 1
    comes = b"".join(
        [
            row.pack(*[rows.get(bucket, _NOTHING)[column] for column in layout.columns])
            for bucket in range(max(known_to, newest - layout.count) + 1, newest + 1)
        ]
    )
    packed = past[layout.sums.size :] + comes
    gone = max(len(packed) - (layout.count - 1) * row.size, 0)
    if past and newest % layout.count and known_to >= newest - layout.count:
        sums = _moved(layout, past, packed[:gone], comes)
        if sums is not None:
            return layout.sums.pack(newest, *sums) + packed[gone:]
    return _summed(layout, packed[gone:], newest, width)


def _moved(layout: Layout, past: bytes, goes: bytes, comes: bytes) -> tuple[float, ...] | None:
    """The sums of `past` without the rows that go and with those that come; None where all must be summed again, which
    is now and then done in any case, so that no rounding adds up."""
    if layout.kind == "slope":
        return None
    row, known = layout.row, layout.columns.index(2)
    gone, new = list(row.iter_unpack(goes)), list(row.iter_unpack(comes))
    _, weight, covered, *own = layout.sums.unpack_from(past)
    weight -= sum(old[0] for old in gone)
    if weight <= 0:
        return None
    moved = _extremes_moved if layout.kind == "range" else _total_moved
    left = moved(own, [old[known:] for old in gone if old[0]], [each[known:] for each in new if each[0]])
    if left is None:
        return None
    covered += sum(each[known - 1] for each in new) - sum(old[known - 1] for old in gone)
    return weight + sum(each[0] for each in new), covered, *left


def _total_moved(own: list[float], gone: list[Columns], new: list[Columns]) -> tuple[float, ...] | None:
    total = own[0]
    for old in gone:
        total -= old[0]
        if abs(old[0]) > _BEARABLE * abs(total):
            return None
    return (total + sum(each[0] for each in new),)


def _extremes_moved(own: list[float], gone: list[Columns], new: list[Columns]) -> tuple[float, ...] | None:
    if any(old[0] <= own[0] or old[1] >= own[1] for old in gone):
        return None
    return min([own[0], *(each[0] for each in new)]), max([own[1], *(each[1] for each in new)])


def merged(layout: Layout, parts: Iterable[tuple[int, Row]], newest: int, width: float) -> bytes:
    """Of rows in any order, those of the same bucket added."""
    rows: dict[int, Row] = {}
    for bucket, row in parts:
        if newest - layout.count + 2 <= bucket <= newest:
            rows[bucket] = added(layout.kind, rows[bucket], row) if bucket in rows else row
    return push(layout, b"", sorted(rows.items()), newest, width)


def sums_of(layout: Layout, past: bytes) -> Sums:
    return Sums(*layout.sums.unpack_from(past)[1:]) if past else Sums()


def says(question: Question, sums: Sums, running: Running, seconds: float, *, conditional: bool) -> float | None:
    """None while too little is known. `running` is settled to now, and `sums` are of the buckets before it."""
    covered, weight = sums.covered + running.covered, sums.weight + running.weight
    if question not in {"starts", "slope", "min", "max", "spread"}:
        return say_mean(question, weight, covered, sums.first + running.first, seconds, conditional=conditional)
    if not _enough(weight, covered, seconds, conditional=conditional):
        return None
    match question:
        case "starts":
            return sums.first + running.first
        case "slope":
            return _slope(sums, running, seconds)
        case _:
            return _extreme(question, sums, running)


def say_mean(
    question: Question, weight: float, covered: float, total: float, seconds: float, *, conditional: bool
) -> float | None:
    """None while too little is known."""
    if question == "covered":
        return min(total / seconds, 1.0)
    if not _enough(weight, covered, seconds, conditional=conditional):
        return None
    return total / 60.0 if question == "minutes" else total / weight


def _enough(weight: float, covered: float, seconds: float, *, conditional: bool) -> bool:
    return covered >= ENOUGH * seconds and (not conditional or weight >= max(LEAST_SHARE * seconds, LEAST_S))


def _extreme(question: Question, sums: Sums, running: Running) -> float:
    lows, highs = [sums.first] * (sums.weight > 0), [sums.second] * (sums.weight > 0)
    if running.weight:
        lows, highs = [*lows, running.first], [*highs, running.second]
    if running.held is not None and running.held is not False:
        lows, highs = [*lows, running.held], [*highs, running.held]
    if question == "spread":
        return max(highs) - min(lows)
    return min(lows) if question == "min" else max(highs)


def _slope(sums: Sums, running: Running, seconds: float) -> float | None:
    """Least squares through the means of the buckets, each weighted by its time, per hour."""
    time = running.second / running.weight / _HOUR if running.weight else 0.0
    weight, total = sums.weight + running.weight, sums.first + running.first
    times, times2 = sums.time + time * running.weight, sums.time2 + time * time * running.weight
    across = times2 - times * times / weight
    if across < (LEAST_SPREAD * seconds / _HOUR) ** 2 * weight:
        return None
    return (sums.second + time * running.first - times * total / weight) / across


def newest_of(past: bytes) -> int | None:
    return _newest(past) if past else None


def added(kind: TrackKind, one: Row, other: Row) -> Row:
    """What two parts of a bucket are together."""
    if not one.weight or not other.weight:
        first, second = (one.first, one.second) if one.weight else (other.first, other.second)
        if kind == "starts":
            first, second = one.first + other.first, other.second
    elif kind == "range":
        first, second = min(one.first, other.first), max(one.second, other.second)
    else:
        first, second = one.first + other.first, one.second + other.second
    return Row(one.weight + other.weight, one.covered + other.covered, first, second)


def _summed(layout: Layout, packed: bytes, newest: int, width: float) -> bytes:
    """With the sums of the packed rows before them; nothing, where they know nothing."""
    columns = dict(zip(layout.columns, zip(*layout.row.iter_unpack(packed), strict=True), strict=False))
    weights = columns.get(0, ())
    covered = sum(columns.get(1, weights))
    if not covered:
        return b""
    weight, first = sum(weights), columns[2]
    match layout.kind:
        case "range":
            lows = [low for low, seconds in zip(first, weights, strict=True) if seconds] or [0.0]
            highs = [high for high, seconds in zip(columns[3], weights, strict=True) if seconds] or [0.0]
            sums: tuple[float, ...] = (weight, covered, min(lows), max(highs))
        case "slope":
            oldest = -len(weights) * width
            known = [
                ((oldest + n * width + columns[3][n] / seconds) / _HOUR, seconds, first[n])
                for n, seconds in enumerate(weights)
                if seconds
            ]
            across = sum(time * total for time, _, total in known)
            time, time2 = sum(t * seconds for t, seconds, _ in known), sum(t * t * seconds for t, seconds, _ in known)
            sums = (weight, covered, sum(first), across, time, time2)
        case _:
            sums = (weight, covered, sum(first))
    return layout.sums.pack(newest, *sums) + packed


def _newest(past: bytes) -> int:
    return int.from_bytes(past[:8], "little", signed=True)


def _unpacked(layout: Layout, columns: tuple[float, ...]) -> Row:
    values = dict(zip(layout.columns, columns, strict=True))
    weight = values[0]
    return Row(weight, values.get(1, weight), values[2], values.get(3, 0.0))
