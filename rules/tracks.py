"""Follows what the rules ask of a device over hours and days: incremental, in event time, as small as a memory must be.

What a signal is stands until a point of its own changes, goes bad or is silent for too long, or until the time that it
named itself has come; only then, or when it is asked, is anything counted. So an unchanged report costs nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rules.bits import packed
from rules.buckets import Layout, Row, Running, begin, grown, newest_of, push, say_mean, says, settle, sums_of, take
from rules.expression import NEVER, Moment
from rules.memory import Agenda, DeviceMemory, History, Tracked
from rules.pace import after
from rules.plan import Plan
from rules.signals import HOUR, Following, Signal
from rules.since import Since, known_until
from rules.small import Timer, lagged, lagging, minutes_lasting, minutes_since, timed
from rules.stems import Mark, Stem, cut, ends_of, followed_by, fresh_mark, lengthened, mark_of, running_of
from rules.terms import Followed, Question
from rules.usual import Hour, spread_of, teach, usual

RARE_FROM_S = 900.0
"""Buckets of that width and wider are kept in what is written rarely."""
_EPOCH_IN_WEEK = 72
"""The first of January 1970 was a Thursday."""
_LEARN_FROM_S = HOUR / 2
"""An hour of which less is known teaches nothing."""
_RARE = frozenset({"_past", "_usual"})
_TRACKED = frozenset({"_stems", "_marks", "_running", "_recent", "_timers", "_lags", "_firsts"})


class Tracking:
    """The signals of one device during one telemetry; works on copies, which `tracked` and `history` give back."""

    def __init__(self, plan: Plan, memory: DeviceMemory, now: float, *, teaching: bool, phase: float = 0.0) -> None:
        """`teaching`: an hour that ends now is learned from; it is not while something is wrong. `phase` is the
        store's (rules/pace.py)."""
        self._plan = plan
        self._phase = phase
        self._now = now
        self._teaching = teaching
        self._memory = memory
        self._wakes = memory.agenda.wakes
        self._answers: dict[int, float | None] = {}

    def __getattr__(self, name: str) -> Any:
        """At the first question about one of the statistics: at most telemetries nothing is to be counted, and what is
        stored need not be read."""
        if name in _RARE:
            history = self._memory.history
            self._past, self._usual = history.past, history.usual
        elif name in _TRACKED:
            tracked = self._memory.tracked
            self._stems, self._marks = tracked.stems, tracked.marks
            self._running, self._recent = tracked.running, tracked.recent
            self._timers, self._lags = tracked.timers, tracked.lags
            self._firsts = tracked.firsts
        else:
            raise AttributeError(name)
        return getattr(self, name)

    def look(self, work: int, moment: Moment, since: Since, *, broken: bool) -> None:
        """At the signals of these bits. `broken`: a point has been silent, so that nothing may have stood until now."""
        signals, params, now = self._plan.signals, moment.params, self._now
        opening = self._memory.openings is not None
        while work:
            lowest = work & -work
            work ^= lowest
            position = lowest.bit_length() - 1
            signal = signals[position]
            moment.params, moment.pace, moment.crossing = signal.params, NEVER, NEVER
            held = signal.sample(moment)
            until = known_until(signal, since, now) if broken else now
            if opening and held is not None:
                self._note_first(signal.key, float(held))
            if signal.means:
                stem = self._stems.get(signal.key)
                if broken or stem is None or held != stem[0] or (held is False) is not (stem[0] is False):
                    self._sum_up(signal, stem, held, until)
            for each in signal.others:
                self._take(each, held, until, moment)
            if signal.ticking or signal.learns:
                self._sleep(position, signal, moment)
        moment.params = params

    def answer(self, asked: Followed, moment: Moment) -> float | None:
        if id(asked) in self._answers:
            return self._answers[id(asked)]
        track = asked.track
        found = self._plan.find(track, moment.params)
        if found is None:
            return None
        answer = self._answer(asked.question, *found, moment)
        if not track.params:
            self._answers[id(asked)] = answer
        return answer

    def _answer(self, question: Question, each: Following, signal: Signal, moment: Moment) -> float | None:
        match question:
            case "since":
                return minutes_since(self._timers.get(each.key), self._now)
            case "lasting":
                return minutes_lasting(self._timers.get(each.key), self._now)
            case "lagged":
                return lagged(self._lags.get(each.key), self._now, each.track.seconds)
            case "usual" | "spread_of_usual":
                ask = usual if question == "usual" else spread_of
                return ask(self._usual.get(each.key, b""), hour_of(self._now, moment))
            case _ if each.track.kind == "mean":
                return self._average(each, signal, question)
            case _:
                return self._statistic(each, question, moment)

    def will_cross(self, asked: Followed, minutes: float, moment: Moment) -> None:
        """Notes when a time that runs will be as long."""
        found = self._plan.find(asked.track, moment.params)
        timer = None if found is None else self._timers.get(found[0].key)
        if timer is not None and timer.held is (asked.question == "lasting"):
            moment.crossing = min(moment.crossing, timer.since + minutes * 60)

    def agenda(self, touched: int, idle: int, resting: int, mute: int) -> Agenda:
        """All are bits; `touched` those of signals that are still to be looked at."""
        return Agenda(
            touched=packed(touched), wakes=self._wakes, idle=packed(idle), resting=packed(resting), mute=packed(mute)
        )

    def tracked(self) -> Tracked:
        """The very same object where nothing of it changed, for it is not written then."""
        old = self._memory.tracked
        if "_stems" not in self.__dict__ or (
            self._stems is old.stems
            and self._marks is old.marks
            and self._running is old.running
            and self._recent is old.recent
            and self._timers is old.timers
            and self._lags is old.lags
            and self._firsts is old.firsts
        ):
            return old
        return Tracked(
            stems=self._stems,
            marks=self._marks,
            running=self._running,
            recent=self._recent,
            timers=self._timers,
            lags=self._lags,
            firsts=self._firsts,
        )

    def history(self) -> History:
        """What is written rarely; the very same object where nothing of it changed."""
        old = self._memory.history
        if "_past" not in self.__dict__ or (self._past is old.past and self._usual is old.usual):
            return old
        return History(past=self._past, usual=self._usual)

    def _statistic(self, each: Following, question: Question, moment: Moment) -> float | None:
        running, layout, width, now = self._running.get(each.key), each.layout, each.width, self._now
        if running is None or layout is None:
            return None
        over = running.at // width != now // width
        running = self._count(each, running, now, moment)
        if over:
            self._keep_running(each.key, running)
        sums = sums_of(layout, self._settled(each, layout))
        return says(question, sums, running, each.track.seconds, conditional=layout.conditional)

    def _average(self, each: Following, signal: Signal, question: Question) -> float | None:
        """As `_statistic`, of a stem: most of what is asked is such, so that this goes straight through."""
        stem, layout, now = self._stems.get(signal.key), each.layout, self._now
        if stem is None or layout is None:
            return 0.0 if question == "covered" else None
        if now >= stem.ends:
            stem = self._stem(signal, stem, now)
            self._keep_stem(signal.key, stem)
        held, at, _, weight, covered, total = stem
        if held is not None and now > at:
            covered += now - at
            if held is not False:
                weight += now - at
                total += held * (now - at)
        before_w, before_c, before_t = self._marks.get(each.key) or fresh_mark(stem)
        rows = self._settled(each, layout)
        if rows:
            _, past_w, past_c, past_t = layout.sums.unpack_from(rows)
            weight, covered, total = weight + past_w, covered + past_c, total + past_t
        return say_mean(
            question,
            weight - before_w,
            covered - before_c,
            total - before_t,
            each.track.seconds,
            conditional=layout.conditional,
        )

    def _settled(self, each: Following, layout: Layout) -> bytes:
        """The buckets that are over, without those that have left the length."""
        rows, over = self._rows(each), int(self._now // each.width) - 1
        if rows and newest_of(rows) != over:
            return self._put(each, layout, (), over)
        return rows

    def _sum_up(self, signal: Signal, stem: Stem | None, held: float | bool | None, known_until: float) -> None:
        if stem is None:
            if held is None:
                return
            stem = Stem(held, self._now, ends_of(signal.means, self._now))
            self._keep_marks(dict.fromkeys([each.key for each in signal.means], fresh_mark(stem)))
        elif known_until < self._now:
            lost = self._stem(signal, stem, max(known_until, stem.at))._replace(held=None)
            stem = followed_by(self._stem(signal, lost, self._now), held)
        else:
            stem = followed_by(self._stem(signal, stem, self._now), held)
        self._keep_stem(signal.key, stem)

    def _stem(self, signal: Signal, stem: Stem, until: float) -> Stem:
        """With what is held counted up to then, and the buckets that are over put away."""
        longer = lengthened(stem, until)
        if until < stem.ends:
            return longer
        self._keep_marks({each.key: self._mark_after(each, stem, longer) for each in signal.means})
        return cut(longer, ends_of(signal.means, until))

    def _mark_after(self, each: Following, stem: Stem, longer: Stem) -> Mark:
        """On the stem that is cut where `longer` ends; the bucket that ran and those between are put away, if over."""
        mark = self._marks.get(each.key) or fresh_mark(stem)
        if longer.at // each.width == stem.at // each.width:
            return mark_of(cut(longer, 0.0), running_of(longer, mark))
        running, closed = settle(running_of(stem, mark), longer.at, each.width, "mean")
        if closed and each.layout is not None:
            self._put(each, each.layout, closed, int(longer.at // each.width) - 1)
        return mark_of(cut(longer, 0.0), running)

    def _take(self, each: Following, held: float | bool | None, known_until: float, moment: Moment) -> None:
        key, kind, now = each.key, each.track.kind, self._now
        if kind == "timer":
            timer = self._timers.get(key)
            self._keep_timer(key, timer, timed(timer, held, now, known_until))
        elif kind == "lag":
            lag = lagging(self._lags.get(key), held, now, known_until, each.track.seconds)
            if lag is not None:
                self._lags = {**self._lags, key: lag}
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
            if self._past is self._memory.history.past:
                self._past = dict(self._past)
            self._past[each.key] = rows
        else:
            if self._recent is self._memory.tracked.recent:
                self._recent = dict(self._recent)
            self._recent[each.key] = rows
        return rows

    def _keep_stem(self, key: str, stem: Stem) -> None:
        if self._stems is self._memory.tracked.stems:
            self._stems = dict(self._stems)
        self._stems[key] = stem

    def _keep_marks(self, marks: Mapping[str, Mark]) -> None:
        if self._marks is self._memory.tracked.marks:
            self._marks = dict(self._marks)
        self._marks.update(marks)

    def _keep_timer(self, key: str, before: Timer | None, timer: Timer | None) -> None:
        if timer is None or timer == before:
            return
        if self._timers is self._memory.tracked.timers:
            self._timers = dict(self._timers)
        self._timers[key] = timer

    def _sleep(self, position: int, signal: Signal, moment: Moment) -> None:
        """Notes when the signal may be another one though no point has changed."""
        wake = min(moment.crossing, after(self._now, moment.pace, self._phase))
        if signal.learns:
            wake = min(wake, after(self._now, HOUR))
        if wake == self._wakes.get(position, NEVER):
            return
        if self._wakes is self._memory.agenda.wakes:
            self._wakes = dict(self._wakes)
        if wake == NEVER:
            del self._wakes[position]
        else:
            self._wakes[position] = wake

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
