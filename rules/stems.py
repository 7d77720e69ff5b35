"""The running sum of a signal, from which every average of it takes its own part.

One sum serves averages of all lengths: each only marks what the sum was when its present bucket began. Whenever a
bucket is over the sum is cut, and the marks with it, so that it never grows beyond what a double tells exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from rules.buckets import Running
from rules.pace import after

if TYPE_CHECKING:
    from rules.signals import Following


class Stem(NamedTuple):
    """As far as it is known until `at`; the columns are those of `Running`, counted since it was cut.

    `ends` is when the first of the buckets of its averages is over.
    """

    held: float | bool | None
    at: float
    ends: float
    weight: float = 0.0
    covered: float = 0.0
    total: float = 0.0


class Mark(NamedTuple):
    """What a stem was when a bucket began."""

    weight: float = 0.0
    covered: float = 0.0
    total: float = 0.0


_stem, _running = partial(tuple.__new__, Stem), partial(tuple.__new__, Running)
"""Without the detour of their own `__new__`, as in `rules.memory`."""


def ends_of(means: Iterable[Following], at: float) -> float:
    return min([after(at, each.width) for each in means])


def begun(means: Iterable[Following], marks: dict[str, Mark], stem: Stem) -> Stem:
    """Those averages that have no mark yet begin now; what was summed up before is none of theirs."""
    for each in means:
        marks.setdefault(each.key, fresh_mark(stem))
    return stem._replace(ends=ends_of(means, stem.at))


def fresh_mark(stem: Stem) -> Mark:
    """Of a bucket that begins."""
    return Mark(*stem[3:])


def lengthened(stem: Stem, until: float) -> Stem:
    """With what is held counted up to `until`."""
    held, at, ends, weight, covered, total = stem
    seconds = until - at
    if seconds <= 0:
        return stem
    if held is not None:
        covered += seconds
        if held is not False:
            weight += seconds
            total += held * seconds
    return _stem((held, until, ends, weight, covered, total))


def followed_by(stem: Stem, held: float | bool | None) -> Stem:
    """With another number from now on."""
    return _stem((held, *stem[1:]))


def running_of(stem: Stem, mark: Mark) -> Running:
    """The bucket of an average, whose mark it is."""
    held, at, _, weight, covered, total = stem
    return _running((held, at, weight - mark[0], covered - mark[1], total - mark[2], 0.0))


def mark_of(stem: Stem, running: Running) -> Mark:
    """The mark of which `running` has come since."""
    return Mark(stem.weight - running.weight, stem.covered - running.covered, stem.total - running.first)


def cut(stem: Stem, ends: float) -> Stem:
    """Counted anew from here: so that what no sum of doubles bears is forgotten with the bucket that it was in."""
    return _stem((stem.held, stem.at, ends, 0.0, 0.0, 0.0))
