"""Judges one device by one telemetry: pure, so that live, replay and the rules' own tests get the same answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from edge_agent.contract.readings import Device, Telemetry
from edge_agent.contract.text import Text
from rules.alarm import Alarm, Step, Verdict, advance
from rules.book import RuleBook
from rules.bout import Bout
from rules.diagnosis import diagnose, evidence_of, rank
from rules.expression import Moment
from rules.food import food_of
from rules.keeping import keeping_of
from rules.memory import DeviceMemory, hear, is_silent, remember
from rules.model import Change, Evidence, Rule
from rules.neighbours import ALONE, Neighbours, View
from rules.opening import Opening, begin, follow, is_moved, is_settled
from rules.plan import Plan
from rules.priority import priority_of
from rules.tracks import Tracking

__all__ = ["DeviceMemory", "Judgement", "judge"]

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""No store has spoken before; near the ends of the calendar an hour more or less is no instant at all."""
_WITHDRAWN = Text(zh="该规则不再适用于此设备", en="The rule is not in force for this device any more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`memory` is for the next telemetry of this device; `changes` are for whoever opens and closes tickets."""

    memory: DeviceMemory
    changes: tuple[Change, ...] = ()


def judge(
    book: RuleBook, device: Device, memory: DeviceMemory, telemetry: Telemetry, neighbours: Neighbours = ALONE
) -> Judgement:
    """What `telemetry` changes. Raises nothing, whatever a store has sent.

    Telemetry of an untrusted clock, or of another age, is not judged at all; telemetry that is not newer than what was
    judged last adds readings of points that nothing newer is known of, and leaves every alarm as it is. `neighbours` is
    the store around the device, which knows this telemetry already.
    """
    if not telemetry.clock_trusted or not EARLIEST <= telemetry.at < LATEST:
        return Judgement(memory=memory)
    plan = book.plan(device, neighbours.setting.id)
    if memory.at is not None and telemetry.at <= memory.at:
        return Judgement(memory=remember(memory, telemetry, plan.windows))
    heard = hear(memory, telemetry, plan.windows)
    view, keeping = View(neighbours, device, telemetry.at), keeping_of(book.food, device, heard.points)
    bout = Bout(plan, memory, heard, telemetry.at, view, keeping)
    bout.look()
    changes, alarms, openings = _ask(plan, device, memory, bout)
    return Judgement(memory=bout.memory(alarms, openings), changes=changes)


def _ask(
    plan: Plan, device: Device, memory: DeviceMemory, bout: Bout
) -> tuple[tuple[Change, ...], dict[str, Alarm], dict[str, Opening] | None]:
    """The rules whose answer may have changed, or whose alarm waits for time to pass."""
    moment, alarms, changes = bout.moment, memory.alarms, list[Change]()
    if memory.judged_by != plan.id:
        changes += _withdrawn(plan, device, memory, moment.at)
        alarms = {id_: alarm for id_, alarm in alarms.items() if id_ in plan.positions}
    openings = None if memory.openings is None else dict(memory.openings)
    work = bout.rules()
    while work:
        lowest = work & -work
        work ^= lowest
        rule, moment.params = plan.rules[lowest.bit_length() - 1]
        faulty: bool | None = rule.when.function(moment)
        alarm = alarms.get(rule.id)
        if alarm is None and not faulty and (openings is None or is_settled(openings.get(rule.id))):
            continue
        verdict = _verdict(rule, moment, faulty, alarms)
        if openings is None:
            step = advance(alarm, verdict, moment.at, rule.hold, rule.normal_for)
        else:
            opening = openings.get(rule.id) or begin(alarm, moment.at)
            if alarm is None and not is_moved(opening, verdict):
                openings[rule.id] = opening
                continue
            step = advance(alarm, verdict, moment.at, rule.hold, rule.normal_for, first=opening.first)
            openings[rule.id] = follow(opening, step, verdict, moment.at, rule.hold, rule.normal_for)
        alarms = _kept(alarms, rule.id, step.alarm)
        if step.change is not None:
            weighed = bout.up_to_date() if step.change == "raised" else moment
            beside = [other for other, _ in plan.rules if other.id in alarms and alarms[other.id].raised]
            changes.append(change_of(rule, device, step, moment, beside, weighed))
    return tuple(changes), alarms, openings


def _withdrawn(plan: Plan, device: Device, memory: DeviceMemory, at: datetime) -> Iterator[Change]:
    """The end of alarms whose rule is none of this device any more: nothing else would ever tell it."""
    for id_, alarm in memory.alarms.items():
        if id_ not in plan.positions and alarm.raised:
            told = Evidence(condition=_WITHDRAWN, held_for=at - alarm.since, values=(), params={}, excluded=())
            yield Change(
                rule=id_,
                device=device.id,
                kind="cleared",
                at=at,
                since=alarm.since,
                severity="low",
                evidence=told,
                diagnosis=(),
            )


def moment_of(
    book: RuleBook,
    device: Device,
    memory: DeviceMemory,
    at: datetime,
    params: Mapping[str, float],
    neighbours: Neighbours = ALONE,
) -> Moment:
    """What the conditions of a rule with these params are asked about; asking changes nothing."""
    plan = book.plan(device, neighbours.setting.id)
    return Moment(
        at=at,
        points=memory.points,
        windows=memory.windows,
        params=params,
        silent=is_silent(memory),
        tracks=Tracking(plan, memory, at.timestamp(), teaching=False),
        view=View(neighbours, device, at),
        food=memory.food,
        keeping=keeping_of(book.food, device, memory.points),
    )


def _verdict(rule: Rule, moment: Moment, faulty: bool | None, alarms: Mapping[str, Alarm]) -> Verdict:
    return Verdict(
        faulty=faulty,
        normal=_normal(rule, moment, faulty),
        masked=rule.unless is not None and rule.unless.when.holds(moment) is True,
        inhibited=any(other in alarms and alarms[other].raised for other in rule.inhibited_by),
    )


def _normal(rule: Rule, moment: Moment, faulty: bool | None) -> bool | None:
    if rule.normal is not None:
        return rule.normal.holds(moment)
    return None if faulty is None else not faulty


def _kept(alarms: dict[str, Alarm], rule: str, alarm: Alarm | None) -> dict[str, Alarm]:
    if alarm is not None:
        return {**alarms, rule: alarm}
    return {other: kept for other, kept in alarms.items() if other != rule} if rule in alarms else alarms


def change_of(
    rule: Rule, device: Device, step: Step, moment: Moment, beside: Iterable[Rule], weighed: Moment | None = None
) -> Change:
    """What `step`, which has a change, is told as. `moment` is what it was decided on, `weighed` what its causes are
    weighed by where that is another; `beside` are the rules whose alarms of the device are raised."""
    held_for = step.until - step.since
    raised = step.change == "raised"
    ranked = rank(rule, beside, device, weighed or moment) if raised else ()
    food = food_of(moment.food, moment.keeping)
    return Change(
        rule=rule.id,
        device=device.id,
        kind="raised" if raised else "cleared",
        at=moment.at,
        since=step.since,
        severity=rule.severity,
        evidence=evidence_of(rule, device.device_class, moment, held_for, ranked),
        diagnosis=diagnose(rule, device.device_class, held_for, ranked),
        since_at_least=step.at_least,
        food=food,
        priority=priority_of(rule.severity, food),
    )
