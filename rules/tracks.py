"""Follows what the rules ask of a device over hours and days: incremental, in event time, as small as a memory must be.

What is held stands until a point of its own changes, goes bad or is silent for too long; only then, or when it is
asked, is anything counted. So an unchanged report costs nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from edge_agent.contract.readings import Quality
from rules.buckets import Layout, Row, Running, begin, grown, newest_of, push, says, settle, sums_of, take
from rules.expression import Moment
from rules.memory import DeviceMemory, History, LastReading, Tracked
from rules.plan import HOUR, Following, Plan
from rules.small import lagged, lagging, minutes_lasting, minutes_since, timed
from rules.terms import Followed, Question
from rules.usual import Hour, spread_of, teach, usual
from rules.window import STALE_AFTER

_STALE_S = STALE_AFTER.total_seconds()
RARE_FROM_S = 900.0
"""Buckets of that width and wider are kept in what is written rarely."""
_EPOCH_IN_WEEK = 72
"""The first of January 1970 was a Thursday."""
_LEARN_FROM_S = HOUR / 2
"""An hour of which less is known teaches nothing."""


@dataclass(frozen=True, slots=True)
class Since:
    """What was known at the telemetry before: the points, and when that was."""

    points: Mapping[str, LastReading]
    at: float


class Tracking:
    """The tracks of one device during one telemetry; works on copies, which `tracked` and `history` give back."""

    def __init__(self, plan: Plan, memory: DeviceMemory, now: float, *, teaching: bool) -> None:
        """`teaching`: an hour that ends now is learned from; it is not while something is wrong."""
        self._plan = plan
        self._now = now
        self._teaching = teaching
        self._memory = memory
        self._running = memory.tracked.running
        self._recent = memory.tracked.recent
        self._timers = memory.tracked.timers
        self._lags = memory.tracked.lags
        self._firsts = memory.tracked.firsts
        self._past = memory.history.past
        self._usual = memory.history.usual

    def look(self, work: int, moment: Moment, since: Since, *, broken: bool) -> None:
        """At the tracks of these bits. `broken`: a point has been silent, so that nothing may have stood until now."""
        following, params = self._plan.following, moment.params
        while work:
            lowest = work & -work
            work ^= lowest
            each = following[lowest.bit_length() - 1]
            moment.params = each.params
            held = each.sample(moment)
            until = known_until(each, since, self._now) if broken else self._now
            if held is not None and self._memory.openings is not None:
                self._note_first(each.key, float(held))
            self._take(each, held, until, moment)
        moment.params = params

    def answer(self, asked: Followed, moment: Moment) -> float | None:
        position = self._plan.position(asked.track, moment.params)
        if position is None:
            return None
        each = self._plan.following[position]
        match asked.question:
            case "since":
                return minutes_since(self._timers.get(each.key), self._now)
            case "lasting":
                return minutes_lasting(self._timers.get(each.key), self._now)
            case "lagged":
                return lagged(self._lags.get(each.key), self._now, each.track.seconds)
            case "usual" | "spread_of_usual":
                ask = usual if asked.question == "usual" else spread_of
                return ask(self._usual.get(each.key, b""), hour_of(self._now, moment))
            case question:
                return self._statistic(each, question, moment)

    def tracked(self, touched: bytes) -> Tracked:
        """What is written often; `touched` are the bits of tracks that are still to be looked at."""
        old = self._memory.tracked
        if (
            touched == old.touched
            and self._running is old.running
            and self._recent is old.recent
            and self._timers is old.timers
            and self._lags is old.lags
            and self._firsts is old.firsts
        ):
            return old
        return Tracked(
            running=self._running,
            recent=self._recent,
            timers=self._timers,
            lags=self._lags,
            firsts=self._firsts,
            touched=touched,
        )

    def history(self) -> History:
        """What is written rarely; the very same object where nothing of it changed."""
        old = self._memory.history
        if self._past is old.past and self._usual is old.usual:
            return old
        return History(past=self._past, usual=self._usual)

    def _statistic(self, each: Following, question: Question, moment: Moment) -> float | None:
        running, layout, width, now = self._running.get(each.key), each.layout, each.width, self._now
        if running is None or layout is None:
            return 0.0 if question == "covered" else None
        bucket = now // width
        over = running.at // width != bucket
        running = self._count(each, running, now, moment)
        if over:
            self._keep_running(each.key, running)
        rows = (self._past if width >= RARE_FROM_S else self._recent).get(each.key, b"")
        if rows and newest_of(rows) != bucket - 1:
            rows = self._put(each, layout, (), int(bucket) - 1)
        return says(question, sums_of(layout, rows), running, each.track.seconds, conditional=layout.conditional)

    def _take(self, each: Following, held: float | bool | None, known_until: float, moment: Moment) -> None:
        key, kind, now = each.key, each.track.kind, self._now
        if kind == "timer":
            timer = self._timers.get(key)
            self._timers = _with(self._timers, key, timed(timer, held, now, known_until))
        elif kind == "lag":
            lag = lagging(self._lags.get(key), held, now, known_until, each.track.seconds)
            self._lags = _with(self._lags, key, lag)
        else:
            running = self._running.get(key)
            if running is None:
                if held is not None:
                    self._keep_running(key, begin(held, now, kind))
                return
            same = held == running.held and (held is False) is (running.held is False)
            if known_until >= now and same and (kind != "usual" or running.at // HOUR == now // HOUR):
                return
            if known_until < now:
                running = self._count(each, running, max(known_until, running.at), moment)._replace(held=None)
            self._keep_running(key, take(self._count(each, running, now, moment), held, kind))

    def _count(self, each: Following, running: Running, until: float, moment: Moment) -> Running:
        """What is held, until then."""
        if running.at // each.width == until // each.width:
            return grown(running, until, each.width, each.track.kind)
        running, closed = settle(running, until, each.width, each.track.kind)
        if closed and each.layout is not None:
            self._put(each, each.layout, closed, int(until // each.width) - 1)
        elif closed and self._teaching:
            self._learn(each, closed, moment)
        return running

    def _learn(self, each: Following, closed: Iterable[tuple[int, Row]], moment: Moment) -> None:
        known = self._usual.get(each.key, b"")
        for bucket, row in closed:
            if row.weight >= _LEARN_FROM_S:
                known = teach(known, hour_of(bucket * HOUR + HOUR / 2, moment), row.first / row.weight)
        if known:
            self._usual = {**self._usual, each.key: known}

    def _rows(self, each: Following) -> bytes:
        return (self._past if each.width >= RARE_FROM_S else self._recent).get(each.key, b"")

    def _put(self, each: Following, layout: Layout, closed: Sequence[tuple[int, Row]], newest: int) -> bytes:
        rows = push(layout, self._rows(each), closed, newest, each.width)
        if each.width >= RARE_FROM_S:
            self._past = {**self._past, each.key: rows}
        else:
            self._recent = {**self._recent, each.key: rows}
        return rows

    def _keep_running(self, key: str, running: Running) -> None:
        if self._running is self._memory.tracked.running:
            self._running = dict(self._running)
        self._running[key] = running

    def _note_first(self, key: str, value: float) -> None:
        if key not in self._firsts:
            self._firsts = {**self._firsts, key: (self._now, value)}


def hour_of(seconds: float, moment: Moment) -> Hour:
    """The hour of an instant in the store, and how warm it is outdoors now; without a view by UTC."""
    number = int(seconds // HOUR)
    if moment.view is None:
        return Hour(number, (number + _EPOCH_IN_WEEK) % 168, None)
    return Hour(number, moment.view.hour_of_week(seconds), moment.view.outdoor())


def known_until(each: Following, since: Since, now: float) -> float:
    """How long what was held may have stood: until the first of the points that it rests on was silent too long."""
    until = min(since.at + _STALE_S, now) if each.track.ticking else now
    for point in each.track.points:
        last = since.points.get(point)
        if last is not None and last.quality is Quality.GOOD:
            stale = last.at.timestamp() + _STALE_S
            if since.at < stale < until:
                until = stale
    return until


_S = TypeVar("_S")


def _with(states: dict[str, _S], key: str, state: _S | None) -> dict[str, _S]:
    if state is None or state is states.get(key):
        return states
    return {**states, key: state}
