"""Judges one device by one telemetry: pure, so that live, replay and the rules' own tests get the same answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from edge_agent.contract.readings import Device, Telemetry
from rules.alarm import Alarm, Step, Verdict, advance
from rules.diagnosis import diagnose, evidence_of
from rules.expression import Moment
from rules.memory import DeviceMemory, is_silent, remember
from rules.model import Change, Rule, RuleBook
from rules.opening import begin, follow

__all__ = ["DeviceMemory", "Judgement", "judge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`memory` is for the next telemetry of this device; `changes` are for whoever opens and closes tickets."""

    memory: DeviceMemory
    changes: tuple[Change, ...] = ()


def judge(book: RuleBook, device: Device, memory: DeviceMemory, telemetry: Telemetry) -> Judgement:
    """What `telemetry` changes. Raises nothing, whatever a store has sent.

    Telemetry of an untrusted clock is not judged at all; telemetry that is not newer than what was judged last adds
    readings of points that nothing newer is known of, and leaves every alarm as it is.
    """
    if not telemetry.clock_trusted:
        return Judgement(memory=memory)
    plan = book.plan(device)
    known = remember(memory, telemetry, plan.windows)
    if memory.at is not None and telemetry.at <= memory.at:
        return Judgement(memory=known)
    alarms, changes = dict(memory.alarms), []
    openings = None if memory.openings is None else dict(memory.openings)
    moment = moment_of(known, telemetry.at, {})
    for rule, params in plan.rules:
        moment.params = params
        alarm = alarms.get(rule.id)
        faulty = rule.when.holds(moment)
        if alarm is None and not faulty and openings is None:
            continue
        verdict = _verdict(rule, moment, faulty, alarms)
        if openings is None:
            step = advance(alarm, verdict, moment.at, rule.hold, rule.normal_for)
        else:
            opening = openings.get(rule.id) or begin(alarm, moment.at)
            step = advance(alarm, verdict, moment.at, rule.hold, rule.normal_for, first=opening.first)
            openings[rule.id] = follow(opening, step, verdict, moment.at, rule.hold, rule.normal_for)
        _keep(alarms, rule.id, step.alarm)
        if step.change is not None:
            changes.append(change_of(rule, device, step, moment))
    return Judgement(memory=replace(known, alarms=alarms, openings=openings), changes=tuple(changes))


def moment_of(memory: DeviceMemory, at: datetime, params: Mapping[str, float]) -> Moment:
    """What the conditions of a rule with these params are asked about."""
    silent = is_silent(memory)
    return Moment(at=at, points=memory.points, windows=memory.windows, params=params, silent=silent)


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


def _keep(alarms: dict[str, Alarm], rule: str, alarm: Alarm | None) -> None:
    if alarm is None:
        alarms.pop(rule, None)
    else:
        alarms[rule] = alarm


def change_of(rule: Rule, device: Device, step: Step, moment: Moment) -> Change:
    """What `step`, which has a change, is told as. `moment` is what it was decided on."""
    held_for = step.until - step.since
    raised = step.change == "raised"
    return Change(
        rule=rule.id,
        device=device.id,
        kind="raised" if raised else "cleared",
        at=moment.at,
        since=step.since,
        severity=rule.severity,
        evidence=evidence_of(rule, device.device_class, moment, held_for),
        diagnosis=diagnose(rule, device.device_class, moment, held_for) if raised else (),
        since_at_least=step.at_least,
    )
