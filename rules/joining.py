"""What was followed in two parts of a history, put together as if it had been followed in one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from rules.buckets import Row, Running, added, merged, rows_of, settle
from rules.memory import DeviceMemory, History, Tracked
from rules.plan import Plan
from rules.signals import Following, Signal
from rules.since import Since, known_until
from rules.small import Lag, Timer, joined_lags, joined_timers
from rules.stems import Mark, Stem, ends_of, fresh_mark, mark_of, running_of
from rules.tracks import RARE_FROM_S
from rules.usual import joined as joined_usual

First = tuple[float, float] | None


def join_tracks(plan: Plan, earlier: DeviceMemory, later: DeviceMemory) -> tuple[Tracked, History]:
    """`later` was followed from nothing but what is usual; its `firsts` tell when each track was known first."""
    if earlier.at is None or later.at is None or not plan.signals:
        known = later if earlier.at is None else earlier
        return replace(known.tracked, firsts={}), known.history
    join = _Join(earlier, later, Since(earlier.points, earlier.at.timestamp()), later.at.timestamp())
    for signal in plan.signals:
        for each in signal.means:
            join.mean(each, signal)
        for each in signal.others:
            match each.track.kind:
                case "timer":
                    join.timer(each, signal)
                case "lag":
                    join.lag(each, signal)
                case "usual":
                    join.hours(each)
                case _:
                    join.buckets(each, signal)
    tracked = Tracked(
        stems=join.stems, marks=join.marks, running=join.running, recent=join.recent, timers=join.timers, lags=join.lags
    )
    return tracked, History(past=join.past, usual=join.usual)


@dataclass(slots=True)
class _Join:
    earlier: DeviceMemory
    later: DeviceMemory
    since: Since
    now: float
    stems: dict[str, Stem] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    running: dict[str, Running] = field(default_factory=dict)
    recent: dict[str, bytes] = field(default_factory=dict)
    past: dict[str, bytes] = field(default_factory=dict)
    usual: dict[str, bytes] = field(default_factory=dict)
    timers: dict[str, Timer] = field(default_factory=dict)
    lags: dict[str, Lag] = field(default_factory=dict)

    def timer(self, each: Following, signal: Signal) -> None:
        one, other = self.earlier.tracked.timers.get(each.key), self.later.tracked.timers.get(each.key)
        if one is not None and one.lost_at is None:
            one = one._replace(lost_at=self._known_until(signal))
        joined = joined_timers(one, other, self._first(signal))
        if joined is not None:
            self.timers[each.key] = joined

    def lag(self, each: Following, signal: Signal) -> None:
        one, other = self.earlier.tracked.lags.get(each.key), self.later.tracked.lags.get(each.key)
        joined = joined_lags(one, other, self._first(signal), self._known_until(signal), each.track.seconds)
        if joined is not None:
            self.lags[each.key] = joined

    def hours(self, each: Following) -> None:
        key = each.key
        known = joined_usual(self.earlier.history.usual.get(key, b""), self.later.history.usual.get(key, b""))
        if known:
            self.usual[key] = known
        running = self.later.tracked.running.get(key) or self.earlier.tracked.running.get(key)
        if running is not None:
            self.running[key] = running

    def mean(self, each: Following, signal: Signal) -> None:
        """The stem of the later part goes on; the mark is where it would have been, had it run all the time."""
        running = self._buckets(each, signal, _running(self.earlier, each, signal), _running(self.later, each, signal))
        if running is None:
            return
        stem = self.later.tracked.stems.get(signal.key)
        if stem is None:
            stem = self.stems.get(signal.key) or Stem(running.held, running.at, ends_of(signal.means, running.at))
        self.stems[signal.key] = stem
        self.marks[each.key] = mark_of(stem, running)

    def buckets(self, each: Following, signal: Signal) -> None:
        running = self._buckets(
            each, signal, self.earlier.tracked.running.get(each.key), self.later.tracked.running.get(each.key)
        )
        if running is not None:
            self.running[each.key] = running

    def _buckets(self, each: Following, signal: Signal, one: Running | None, other: Running | None) -> Running | None:
        """Those that are over and those that ran, by number; what runs now is one of the later part."""
        kind, width, layout = each.track.kind, each.width, each.layout
        if layout is None or (one is None and other is None):
            return None
        rows = [*self._rows(each, self.earlier), *self._rows(each, self.later)]
        if one is not None:
            first = self._first(signal)
            one, closed = settle(
                one, max(one.at, min(self._known_until(signal), first[0] if first else self.now)), width, kind
            )
            rows += [*closed, (int(one.at // width), Row(*one[2:]))]
            if kind == "starts" and first is not None and first[1] > one.second >= 0:
                rows.append((int(first[0] // width), Row(0.0, 0.0, 1.0, 0.0)))
        if other is None and one is not None:
            other = Running(None, self.now, second=one.second if kind == "starts" else 0.0)
        if other is None:
            return None
        now, row = int(other.at // width), Row(*other[2:])
        for bucket, part in rows:
            if bucket == now:
                row = added(kind, part, row)
        packed = merged(layout, rows, now - 1, width)
        if packed:
            (self.past if width >= RARE_FROM_S else self.recent)[each.key] = packed
        return Running(other.held, other.at, *row)

    def _rows(self, each: Following, memory: DeviceMemory) -> list[tuple[int, Row]]:
        if each.layout is None:
            return []
        kept = memory.history.past if each.width >= RARE_FROM_S else memory.tracked.recent
        return rows_of(each.layout, kept.get(each.key, b""))

    def _first(self, signal: Signal) -> First:
        return self.later.tracked.firsts.get(signal.key)

    def _known_until(self, signal: Signal) -> float:
        """How long what the earlier part held last may have stood."""
        return known_until(signal, self.since, self.now)


def _running(memory: DeviceMemory, each: Following, signal: Signal) -> Running | None:
    """Of a mean without a mark, which another plan did not ask for, nothing is known but what is held."""
    stem = memory.tracked.stems.get(signal.key)
    return None if stem is None else running_of(stem, memory.tracked.marks.get(each.key) or fresh_mark(stem))
