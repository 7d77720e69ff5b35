"""What a point did over the last minutes: runs of equal values, and the questions a rule may put to them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime, timedelta
from operator import attrgetter
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
    polled. So is what was before a silence longer than a value may stand: no window that reaches there is known.
    """
    if not runs or at - runs[-1].until > STALE_AFTER:
        return (Run(value, at, at),)
    last, since, until = runs[-1]
    if at <= until:
        return runs
    if last == value or at - since < keep / FINENESS:
        runs = (*runs[:-1], Run(value, since, at))
    else:
        runs = (*runs, Run(value, at, at))
    if len(runs) > 1 and runs[1].since <= at - keep:
        return runs[_first(runs, at - keep) :]
    return runs


def unbroken(runs: Runs) -> Runs:
    """Without what was before the last silence that no value bridges."""
    breaks = [n for n in range(1, len(runs)) if runs[n].since - runs[n - 1].until > STALE_AFTER]
    return runs[breaks[-1] :] if breaks else runs


def average(runs: Runs, at: datetime, length: timedelta) -> float | None:
    """Weighted by time. None while the runs do not cover the whole window; so for all questions below."""
    begin = at - length
    if not _covers(runs, begin, at):
        return None
    total, end = 0.0, at
    for value, since, _ in reversed(runs):
        if since <= begin:
            return total + value * ((end - begin) / length)
        total += value * ((end - since) / length)
        end = since
    return total


def lowest(runs: Runs, at: datetime, length: timedelta) -> float | None:
    begin = at - length
    return min(run.value for run in runs[_first(runs, begin) :]) if _covers(runs, begin, at) else None


def highest(runs: Runs, at: datetime, length: timedelta) -> float | None:
    begin = at - length
    return max(run.value for run in runs[_first(runs, begin) :]) if _covers(runs, begin, at) else None


def rate(runs: Runs, at: datetime, length: timedelta) -> float | None:
    """Change over the window, in the point's unit per hour."""
    begin = at - length
    if not _covers(runs, begin, at):
        return None
    return (runs[-1].value - runs[_first(runs, begin)].value) * (_HOUR / length)


QUESTIONS: dict[str, Callable[[Runs, datetime, timedelta], float | None]] = {
    "avg": average,
    "min": lowest,
    "max": highest,
    "rate": rate,
}


def _covers(runs: Runs, begin: datetime, at: datetime) -> bool:
    """A value is known from `begin` to `at`; there is no long silence between runs."""
    return bool(runs) and runs[0].since <= begin and at - runs[-1].until <= STALE_AFTER


def _first(runs: Runs, begin: datetime) -> int:
    """The run that stands at `begin`; the first where none does."""
    return max(bisect_right(runs, begin, key=_SINCE) - 1, 0)


_SINCE = attrgetter("since")
