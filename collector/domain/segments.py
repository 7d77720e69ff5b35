"""In which order a stream's entries are judged: by number, each once, in segments that begin where truth comes first.

An entry ahead of a hole waits until the hole is filled, be it by entries, by a gap or by a refusal. A segment that
begins ahead of a hole does not wait for it: its frontier runs on, and the segments below are history. Once history
reaches the start of the segment above, the two are one. Of what is live nothing is told before the store's present.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from collector.domain.receipts import Range, Receipts

HOLE_LASTS = timedelta(minutes=3)
"""How long a hole is waited for: longer than a store's patience before it sends again, so that only what is lost for
good (a database set up anew, or from a backup) is judged around."""
WAITING_AT_MOST = 5_000
"""Entries of one segment ahead of a hole; a hole with more behind it is not waited for any longer."""
SEGMENTS_AT_MOST = 8
"""Of one stream. What is still missing of the oldest is stored when it comes, and not judged any more."""


class Segment(NamedTuple):
    """Judged from `start` to `frontier`, which is `start - 1` before the first.

    `held_to` is the highest entry that waits ahead of a hole (0: none), `held_at` when the wait for that hole began.
    """

    start: int
    frontier: int
    held_to: int = 0
    held_at: datetime | None = None


Segments = tuple[Segment, ...]
"""By number: the last is live, those before it are history."""

WHOLE: Segments = (Segment(1, 0),)
"""A stream of which nothing has been judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """A segment begins at `start`, with what was known at the end of the segment `parent`."""

    parent: int
    start: int
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The entries of the closed range `seqs`, or what stands for them, are next in the segment that began at `start`.

    `waited` tells that some of them may have waited, `first` that there is nothing before this segment, `told` that
    somebody may be told of what they raise and clear.
    """

    start: int
    seqs: Range
    live: bool
    first: bool
    waited: bool
    told: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """The segment `earlier` has reached the start of `later`: from now on they are the segment `earlier`."""

    earlier: int
    later: int
    live: bool
    told: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """The segment `start` is given up; the stream is judged from `below` on."""

    start: int
    below: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The live segment is where the store's present begins: what stands is told, and whatever comes next."""


Step = Fork | Run | Join | Drop | Present


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What to do, in this order, and the segments afterwards."""

    steps: tuple[Step, ...]
    segments: Segments

    @property
    def reaches_present(self) -> bool:
        return any(isinstance(step, Present) for step in self.steps)


def advance(
    segments: Segments,
    received: Receipts,
    polls: Sequence[int],
    live_from: int,
    now: datetime,
    present_from: int | None = None,
) -> Course:
    """`received` holds what has just come too; `polls` are the numbers of the new entries that are to be judged.

    `live_from` is the number from which the store asks to be judged first, 0 where it does not ask. `present_from` is
    the first that is told, once a step says that it is reached; None where all is told already.
    """
    course = _Course(segments, received, present_from)
    course.fork_at(live_from)
    course.run()
    course.hold(polls, now)
    while course.lose_patience(now):
        course.run()
    course.join()
    return Course(steps=tuple(course.steps), segments=tuple(course.segments))


def segment_of(segments: Segments, seq: int) -> Segment | None:
    """The one that an entry of this number belongs to; None where its history was given up."""
    return next((one for one in reversed(segments) if one.start <= seq), None)


class _Course:
    """One call of `advance` under way."""

    def __init__(self, segments: Segments, received: Receipts, present_from: int | None) -> None:
        self.segments = list(segments)
        self.steps: list[Step] = []
        self._received = received
        self._present_from = present_from

    def fork_at(self, live_from: int) -> None:
        if live_from > self.segments[-1].frontier + 1:
            self._fork(len(self.segments) - 1, live_from)

    def run(self) -> None:
        """Every segment as far as it goes without a hole."""
        for index, one in enumerate(self.segments):
            end = min(self._received.reach(one.frontier), self._end(index))
            if self._is_live(index) and self._present_from is not None:
                self._run(index, min(end, self._present_from - 1))
                self._look_for_present()
            self._run(index, end)

    def hold(self, polls: Iterable[int], now: datetime) -> None:
        """Notes which of `polls` wait, and since when each segment waits for the same hole."""
        for index, one in enumerate(self.segments):
            end = self._end(index)
            held_to = max((seq for seq in polls if one.frontier < seq <= end), default=one.held_to)
            held_to = max(held_to, one.held_to) if self._received.count(one.frontier + 1, end) else 0
            held_at = (one.held_at or now) if held_to else None
            self.segments[index] = one._replace(held_to=held_to, held_at=held_at)

    def lose_patience(self, now: datetime) -> bool:
        """Begins a segment behind one hole that has been waited for too long. False: there was none."""
        for index, one in enumerate(self.segments):
            if one.held_at is not None and self._waited_enough(index, now - one.held_at):
                self._fork(index, self._received.beyond(one.frontier))
                return True
        return False

    def join(self) -> None:
        """From the lowest, so that what a segment is joined with is known from its beginning."""
        while len(self.segments) > 1 and self.segments[0].frontier == self.segments[1].start - 1:
            earlier, later, *rest = self.segments
            told = bool(rest) or self._present_from is None
            self.steps.append(Join(earlier=earlier.start, later=later.start, live=not rest, told=told))
            self.segments = [later._replace(start=earlier.start), *rest]

    def _run(self, index: int, end: int) -> None:
        one, live = self.segments[index], self._is_live(index)
        if end <= one.frontier:
            return
        run = Run(
            start=one.start,
            seqs=(one.frontier + 1, end),
            live=live,
            first=index == 0,
            waited=one.held_to > one.frontier,
            told=not live or self._present_from is None,
        )
        self.steps.append(run)
        self.segments[index] = Segment(one.start, end, one.held_to if one.held_to > end else 0)

    def _look_for_present(self) -> None:
        if self._present_from is not None and self.segments[-1].frontier >= self._present_from - 1:
            self.steps.append(Present())
            self._present_from = None

    def _fork(self, index: int, start: int) -> None:
        parent = self.segments[index]
        self.steps.append(Fork(parent=parent.start, start=start, live=self._is_live(index)))
        some_below = self._received.count(parent.frontier + 1, start - 1) > 0
        below = parent._replace(held_to=start - 1) if some_below else Segment(parent.start, parent.frontier)
        above = Segment(start, start - 1, parent.held_to if parent.held_to >= start else 0)
        self.segments[index : index + 1] = [below, above]
        if len(self.segments) > SEGMENTS_AT_MOST:
            lowest = self.segments.pop(0)
            self.steps.append(Drop(start=lowest.start, below=self.segments[0].start))

    def _waited_enough(self, index: int, held_for: timedelta) -> bool:
        first, last = self.segments[index].frontier + 1, self._end(index)
        return held_for >= HOLE_LASTS or self._received.count(first, last) > WAITING_AT_MOST

    def _is_live(self, index: int) -> bool:
        return index == len(self.segments) - 1

    def _end(self, index: int) -> int:
        """The last number that belongs to a segment."""
        return self._received.last if self._is_live(index) else self.segments[index + 1].start - 1
