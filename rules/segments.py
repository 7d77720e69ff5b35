"""Where judging begins anew ahead of what is missing (fork), and what is known once the missing has come (join)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from edge_agent.contract.clock import EPOCH
from edge_agent.contract.readings import Device
from rules.alarm import Alarm, State, Step
from rules.book import RuleBook
from rules.engine import change_of, moment_of
from rules.expression import Moment
from rules.joining import join_tracks
from rules.memory import Agenda, DeviceMemory, History
from rules.model import Change, Rule
from rules.neighbours import ALONE, Neighbours
from rules.opening import Opening, begin
from rules.window import STALE_AFTER, Runs, unbroken


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What the time before says of the alarm that a segment knew first, whichever became of it.

    The segment knew it `was` since then (None: it knew of none, or not long enough). In truth it is `since` then, and
    was cleared `until` then in the segment; `since` is None where it was none or was over before. `change` is what
    this raises or clears now.
    """

    rule: str
    was: datetime | None
    since: datetime | None
    at_least: bool = False
    until: datetime | None = None
    change: Change | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """`memory` is for the next telemetry, as if nothing had ever been missing."""

    memory: DeviceMemory
    corrections: tuple[Correction, ...]


def fork(memory: DeviceMemory) -> DeviceMemory:
    """Without what only time could have decided: holds that run, values and windows. What is raised stays raised."""
    raised = {rule: alarm for rule, alarm in memory.alarms.items() if alarm.raised}
    history = History(usual=memory.history.usual)
    return DeviceMemory(at=memory.at, alarms=raised, openings={}, history=history, food=memory.food)


def join(
    book: RuleBook, device: Device, earlier: DeviceMemory, later: DeviceMemory, neighbours: Neighbours = ALONE
) -> Joined:
    """`earlier` as it was at the end of its segment, `later` as it is, forked from a state of `earlier`."""
    plan = book.plan(device, neighbours.setting.id)
    tracked, history = join_tracks(plan, earlier, later)
    memory = replace(_merge(earlier, later), alarms={}, openings=None, tracked=tracked, history=history)
    moment = moment_of(book, device, memory, memory.at or EPOCH, {}, neighbours)
    corrections: list[Correction] = []
    for rule, params in plan.rules:
        moment.params = params
        own = later.alarms.get(rule.id)
        opening = (later.openings or {}).get(rule.id) or begin(own, later.at or EPOCH)
        before = _matured(rule, earlier.alarms.get(rule.id), opening)
        calmed_at = _calmed_at(before, opening, rule.normal_for)
        if before is not None and calmed_at is not None:
            corrections.append(Correction(rule=rule.id, was=None, since=before.since, until=calmed_at))
            before = None
        told = _tell(before, own, opening)
        if told.alarm is not None:
            memory.alarms[rule.id] = told.alarm
        corrections += _correct(rule, device, own, opening, told, moment)
    return Joined(memory=memory, corrections=tuple(corrections))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """How an alarm stands in truth; `first` is the alarm that the segment knew first, as it was before `until`."""

    alarm: Alarm | None
    first: Alarm | None = None
    until: datetime | None = None


def _tell(before: Alarm | None, own: Alarm | None, opening: Opening) -> _Told:
    if before is not None and before.raised:
        return _raised_life(before, own, opening)
    if opening.apart:
        alarm = opening.other if opening.carried else own
        return _Told(alarm=_held_since(before, alarm) if alarm is not None else before if opening.unseen else None)
    if opening.one is None:
        return _Told(alarm=own)
    first = _held_since(before, opening.one)
    return _Told(alarm=_renamed(own, opening, first), first=first, until=opening.over_at)


def _raised_life(before: Alarm, own: Alarm | None, opening: Opening) -> _Told:
    """The alarm was raised when the segment began."""
    if not opening.apart:
        return _Told(alarm=_renamed(own, opening, before), first=before, until=opening.over_at)
    if opening.untouched:
        return _Told(alarm=before, first=before)
    alarm = (own if opening.carried else opening.other) or before
    normal_since = alarm.normal_since
    if opening.calm and normal_since is not None:
        normal_since = _normal_since(before, opening) or normal_since
    alarm = replace(alarm, since=before.since, at_least=before.at_least, normal_since=normal_since)
    return _Told(alarm=alarm, first=alarm)


def _matured(rule: Rule, before: Alarm | None, opening: Opening) -> Alarm | None:
    """A hold that went on at the first word of the segment for long enough is a raised alarm."""
    held = opening.held
    if before is None or before.raised or held is None or held.since - before.seen > STALE_AFTER:
        return before
    return replace(before, state=State.ACTIVE) if held.seen - before.since >= rule.hold else before


def _calmed_at(before: Alarm | None, opening: Opening, normal_for: timedelta) -> datetime | None:
    """When a return to normal that had begun in the time before was completed by the first words of the segment."""
    normal_since = None if before is None else _normal_since(before, opening)
    if normal_since is None:
        return None
    return next((at for at in opening.calms if at - normal_since >= normal_for), None)


def _normal_since(before: Alarm, opening: Opening) -> datetime | None:
    """Where the return to normal goes on across the start of the segment: since when."""
    if before.normal_since is None or not opening.calms or opening.calms[0] - before.seen > STALE_AFTER:
        return None
    return before.normal_since


def _held_since(hold: Alarm | None, alarm: Alarm) -> Alarm:
    """An alarm that was true at the first word: as old as the hold before it, or no older than it says."""
    if not alarm.at_least:
        return alarm
    if hold is None or alarm.since - hold.seen > STALE_AFTER:
        return replace(alarm, at_least=False)
    return replace(alarm, since=hold.since, at_least=hold.at_least)


def _renamed(own: Alarm | None, opening: Opening, first: Alarm) -> Alarm | None:
    """The alarm that stands now, with the true beginning if it is still the first one."""
    if own is None or own.since != opening.was or opening.over_at is not None:
        return own
    return replace(own, since=first.since, at_least=first.at_least)


def _correct(
    rule: Rule,
    device: Device,
    own: Alarm | None,
    opening: Opening,
    told: _Told,
    moment: Moment,
) -> Iterator[Correction]:
    if opening.was is None and told.first is None:
        return
    yield Correction(
        rule=rule.id,
        was=opening.was,
        since=told.first.since if told.first else None,
        at_least=told.first is not None and told.first.at_least,
        until=told.until,
        change=_change(rule, device, own, told.alarm, moment),
    )


def _change(
    rule: Rule,
    device: Device,
    own: Alarm | None,
    alarm: Alarm | None,
    moment: Moment,
) -> Change | None:
    """What the join raises or clears, on the evidence of now: the segment had found otherwise."""
    known, raised = own is not None and own.raised, alarm is not None and alarm.raised
    standing = alarm if raised else own
    if known == raised or standing is None:
        return None
    step = Step(
        alarm=alarm,
        change="raised" if raised else "cleared",
        since=standing.since,
        until=moment.at,
        at_least=standing.at_least,
    )
    return change_of(rule, device, step, moment, ())


def _merge(earlier: DeviceMemory, later: DeviceMemory) -> DeviceMemory:
    """What is remembered of the device itself; the next telemetry asks everything anew."""
    windows = dict(earlier.windows)
    for point, runs in later.windows.items():
        windows[point] = _linked(windows.get(point, ()), runs)
    return replace(
        later,
        at=_newest(earlier.at, later.at),
        reached_at=_newest(earlier.reached_at, later.reached_at),
        unreached_at=_newest(earlier.unreached_at, later.unreached_at),
        points={**earlier.points, **later.points},
        windows=windows,
        judged_by="",
        agenda=Agenda(),
        stale_from=None,
    )


def _linked(earlier: Runs, later: Runs) -> Runs:
    """What is older than any window needs falls away at the next report."""
    return unbroken((*(run for run in earlier if not later or run.until < later[0].since), *later))


def _newest(a: datetime | None, b: datetime | None) -> datetime | None:
    return max((at for at in (a, b) if at is not None), default=None)
