"""One telemetry of one device: what it touched, so which signals are looked at and which rules are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from rules.alarm import Alarm
from rules.bits import bits_of
from rules.expression import Moment, View
from rules.food import Keeping
from rules.keeping import food_after
from rules.memory import DeviceMemory, Heard, History, Tracked, gone_stale
from rules.opening import Opening
from rules.plan import Plan
from rules.since import Since
from rules.stems import begun
from rules.tracks import Tracking
from rules.window import STALE_AFTER, unbroken


class Bout:
    """Made of what was known, and of what was heard at `at`; `memory` is what is known after it."""

    def __init__(
        self, plan: Plan, memory: DeviceMemory, heard: Heard, at: datetime, view: View, keeping: Keeping | None
    ) -> None:
        self._plan, self._heard, self._at = plan, heard, at
        self._anew = memory.judged_by != plan.id or memory.at is None
        self._before = _without_strangers(plan, memory) if self._anew else memory
        self._now = at.timestamp()
        self._then = 0.0 if memory.at is None else memory.at.timestamp()
        phase = view.phase
        self._from, self._to = self._then + phase, self._now + phase
        self._reached_at = at if heard.reached else memory.reached_at
        self._unreached_at = at if heard.unreached else memory.unreached_at
        self._gone: list[str] = []
        self._stale_from = memory.stale_from
        if memory.stale_from is None or at > memory.stale_from:
            self._gone, self._stale_from = gone_stale(heard.points, memory.at, at)
        self._tracking = None
        self._touched = self._idle = self._resting = self._mute = 0
        if plan.signals:
            calm = not any(alarm.raised for alarm in memory.alarms.values()) if memory.alarms else True
            self._tracking = Tracking(plan, self._before, self._now, teaching=calm, phase=phase)
        self.moment = Moment(
            at=at,
            points=heard.points,
            windows=heard.windows,
            params={},
            silent=_is_silent(self._reached_at, self._unreached_at),
            tracks=self._tracking,
            view=view,
            food=food_after(memory.food, keeping, heard.points, at),
            keeping=keeping,
        )
        self._touch()

    def _touch(self) -> None:
        """Which bits of signals and rules the changed points touch."""
        touches = self._plan.touches
        at_once = later = rules = 0
        for point in self._heard.moved:
            if touch := touches.get(point):
                at_once |= touch.at_once
                later |= touch.later
                rules |= touch.rules
        for point in self._heard.turned + self._gone:
            if touch := touches.get(point):
                at_once |= touch.at_once | touch.later
                rules |= touch.rules
        self._at_once, self._later, self._rules = at_once, later, rules

    def look(self) -> None:
        """At the signals that were touched and whose time has come; the others stay touched."""
        if self._tracking is None:
            return
        before, now = self._before.agenda, self._now
        touched, work = bits_of(before.touched) | self._later, self._at_once
        if self._anew:
            work = (1 << len(self._plan.signals)) - 1
        else:
            for beat in self._plan.beats:
                if self._to // beat.step != self._from // beat.step:
                    work |= touched & beat.signals
            for position, wake in before.wakes.items():
                if wake <= now:
                    work |= 1 << position
        if self._anew or self._heard.turned:
            told = self._heard.points
            idle, self._resting, self._mute = self._plan.idle(told), self._plan.resting(told), self._plan.mute(told)
        else:
            idle, self._resting, self._mute = bits_of(before.idle), bits_of(before.resting), bits_of(before.mute)
        work, touched = work & ~idle, touched & ~idle
        self._touched, self._idle = touched & ~work, idle
        self._look_at(work, self._tracking, self.moment)

    def up_to_date(self) -> Moment:
        """With what was touched and whose time to be looked at has not come: causes are weighed by what is so now.

        It is not kept: what a rule sees must not hang on when another one raises an alarm.
        """
        if self._tracking is None or not self._touched:
            return self.moment
        known = replace(self._before, tracked=self._tracking.tracked(), history=self._tracking.history())
        tracking = Tracking(self._plan, known, self._now, teaching=False)
        moment = replace(self.moment, tracks=tracking)
        self._look_at(self._touched, tracking, moment)
        return moment

    def _look_at(self, work: int, tracking: Tracking, moment: Moment) -> None:
        if not work:
            return
        silence = self._now - self._then > STALE_AFTER.total_seconds()
        broken = self._heard.revived or bool(self._gone) or silence
        since = Since(self._before.points, self._then)
        tracking.look(work, moment, since, broken=broken and self._before.at is not None)

    def rules(self) -> int:
        """The bits of those to ask."""
        plan, before = self._plan, self._before
        every = (1 << len(plan.rules)) - 1
        if self._anew:
            return every
        due = 0
        for pace, bits in plan.slow:
            if self._to // pace != self._from // pace:
                due |= bits
        touched = plan.always | due | self._rules
        ask = touched & ~self._resting
        if before.openings is not None:
            apart, moving = _open_lives(plan, before.openings)
            ask |= touched & apart & ~self._mute | moving & (~plan.waits | due)
        if plan.silent and self.moment.silent is not _is_silent(before.reached_at, before.unreached_at):
            ask |= plan.silent
        for rule in before.alarms:
            position = plan.positions.get(rule)
            if position is not None:
                ask |= 1 << position & (~plan.waits | due)
        return ask

    def memory(self, alarms: dict[str, Alarm], openings: dict[str, Opening] | None) -> DeviceMemory:
        return DeviceMemory(
            at=self._at,
            reached_at=self._reached_at,
            unreached_at=self._unreached_at,
            points=self._heard.points,
            windows=self._heard.windows,
            alarms=alarms,
            openings=openings,
            judged_by=self._plan.id,
            stale_from=self._stale_from,
            agenda=self._before.agenda
            if self._tracking is None
            else self._tracking.agenda(self._touched, self._idle, self._resting, self._mute),
            tracked=self._before.tracked if self._tracking is None else self._tracking.tracked(),
            history=self._before.history if self._tracking is None else self._tracking.history(),
            food=self.moment.food,
        )


def _open_lives(plan: Plan, openings: Mapping[str, Opening]) -> tuple[int, int]:
    """The bits of rules that lead two lives or have not begun, and of those which time alone may move.

    What is raised in the other life may be over by other points than those that it takes to raise it.
    """
    apart = moving = 0
    for position, (rule, _) in enumerate(plan.rules):
        opening = openings.get(rule.id)
        if opening is None or opening.apart:
            apart |= 1 << position
            moving |= (opening is None or opening.waits) << position
    return apart, moving


def _is_silent(reached_at: datetime | None, unreached_at: datetime | None) -> bool | None:
    """Whether the device has not answered since it was last asked; None while nothing was said of it."""
    if reached_at is None or unreached_at is None:
        return None if reached_at is unreached_at else reached_at is None
    return unreached_at > reached_at


def _without_strangers(plan: Plan, memory: DeviceMemory) -> DeviceMemory:
    """Without what no rule asks for any more, nor what another version kept of windows."""
    tracked, history = memory.tracked, memory.history
    keys = {each.key for signal in plan.signals for each in signal.members}
    signals = {each.key for each in plan.signals}
    marks = {key: one for key, one in tracked.marks.items() if key in keys}
    stems = {
        each.key: begun(each.means, marks, tracked.stems[each.key])
        for each in plan.signals
        if each.means and each.key in tracked.stems
    }
    return DeviceMemory(
        at=memory.at,
        reached_at=memory.reached_at,
        unreached_at=memory.unreached_at,
        points=memory.points,
        windows={point: unbroken(runs) for point, runs in memory.windows.items()},
        alarms=memory.alarms,
        openings=memory.openings,
        judged_by=memory.judged_by,
        stale_from=memory.stale_from,
        food=memory.food,
        tracked=Tracked(
            stems=stems,
            marks=marks,
            running={key: one for key, one in tracked.running.items() if key in keys},
            recent={key: one for key, one in tracked.recent.items() if key in keys},
            timers={key: one for key, one in tracked.timers.items() if key in keys},
            lags={key: one for key, one in tracked.lags.items() if key in keys},
            firsts={key: one for key, one in tracked.firsts.items() if key in signals},
        ),
        history=History(
            past={key: one for key, one in history.past.items() if key in keys},
            usual={key: one for key, one in history.usual.items() if key in keys},
        ),
    )
