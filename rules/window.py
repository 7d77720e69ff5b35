"""What a point did over the last minutes: runs of equal values, and the questions a rule may put to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

STALE_AFTER = timedelta(minutes=20)
"""How long a value speaks for a point that says nothing: the slowest poll is 15 minutes, and it may be late."""
LONGEST_WINDOW = timedelta(hours=2)
"""What the memory of a device can bear."""
FINENESS = 60
"""Into how many parts a window is divided at most."""
_HOUR = timedelta(hours=1)


class Run(NamedTuple):
    """The point was reported as `value` from `since`, last at `until`; it stands until the next run begins."""

    value: float
    since: datetime
    until: datetime


Runs = tuple[Run, ...]


def extend(runs: Runs, value: float, at: datetime, keep: timedelta) -> Runs:
    """With one more report, without what a window of length `keep` no longer needs. A late report changes nothing.

    Values that came and went within a sixtieth of `keep` are lost, so that a memory stays small however fast a store is
    polled.
    """
    if runs and at <= runs[-1].until:
        return runs
    if (
        runs
        and at - runs[-1].until <= STALE_AFTER
        and (runs[-1].value == value or at - runs[-1].since < keep / FINENESS)
    ):
        runs = (*runs[:-1], Run(value, runs[-1].since, at))
    else:
        runs = (*runs, Run(value, at, at))
    begin = at - keep
    first = max((n for n, run in enumerate(runs) if run.since <= begin), default=0)
    return runs[first:] if first else runs


def average(runs: Runs, at: datetime, length: timedelta) -> float | None:
    """Weighted by time. None while the runs do not cover the whole window; so for all questions below."""
    begin = at - length
    if not _covers(runs, begin, at):
        return None
    return sum(run.value * (span / length) for run, span in _spans(runs, begin, at))


def lowest(runs: Runs, at: datetime, length: timedelta) -> float | None:
    begin = at - length
    return min(run.value for run, _ in _spans(runs, begin, at)) if _covers(runs, begin, at) else None


def highest(runs: Runs, at: datetime, length: timedelta) -> float | None:
    begin = at - length
    return max(run.value for run, _ in _spans(runs, begin, at)) if _covers(runs, begin, at) else None


def rate(runs: Runs, at: datetime, length: timedelta) -> float | None:
    """Change over the window, in the point's unit per hour."""
    begin = at - length
    if not _covers(runs, begin, at):
        return None
    before = [run for run in runs if run.since <= begin][-1]
    return (runs[-1].value - before.value) * (_HOUR / length)


QUESTIONS: dict[str, Callable[[Runs, datetime, timedelta], float | None]] = {
    "avg": average,
    "min": lowest,
    "max": highest,
    "rate": rate,
}


def _covers(runs: Sequence[Run], begin: datetime, at: datetime) -> bool:
    """A value is known from `begin` to `at`, no silence longer than a value may stand."""
    if not runs or runs[0].since > begin or at - runs[-1].until > STALE_AFTER:
        return False
    return all(b.since - a.until <= STALE_AFTER for a, b in pairwise(runs) if b.since > begin)


def _spans(runs: Runs, begin: datetime, at: datetime) -> Iterator[tuple[Run, timedelta]]:
    """The runs that have a part of the window, each with how much of it."""
    for n, run in enumerate(runs):
        end = runs[n + 1].since if n + 1 < len(runs) else at
        if end > begin or run is runs[-1]:
            yield run, end - max(run.since, begin)
