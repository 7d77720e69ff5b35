"""What judging finds, written down as operators see it: told now, or held back and told when nothing holds it any more.

`note` is asked of every change of an alarm before anybody is told of it, `release` now and then of what was held back.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from sqlalchemy import Connection

from collector.domain.alarms import Alarm, Entry, Standing, acknowledge, clear, entry_of, raise_anew, tell_again
from collector.domain.office_faults import OFFICE_FAULTS, out_of_service_long
from collector.domain.suppression import NOW, Kind, Suppression, Telling, end, is_food_critical, tell, to_remind
from collector.domain.tickets import STOREWARDEN
from collector.store import alarms, suppressions
from edge_agent.contract.text import Text
from rules.food_table import load_food
from rules.model import Change, Rule

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A change of a device of `store` that is to be told at last."""

    store: str
    change: Change


@cache
def food_duties() -> frozenset[str]:
    """Of devices that keep food, as shipped."""
    return frozenset(load_food().duties)


def note(connection: Connection, store: str, change: Change, fault: object, title: Text, now: datetime) -> Telling:
    """Writes the change down, and says whether somebody is to be told; `fault` is the rule, or what stands for one.

    The same change again changes nothing and is answered in the same way.
    """
    if change.rule in OFFICE_FAULTS:
        return NOW
    known = alarms.find(connection, store, change.device, change.rule)
    if change.kind == "cleared":
        _clear(connection, known, change, now)
        return NOW
    by_file = {change.rule} if isinstance(fault, Rule) and fault.shadow else set[str]()
    holding = (*suppressions.unsettled(connection, store), *suppressions.in_shadow(connection, by_file))
    keeps_food = alarms.duty_of(connection, store, change.device) in food_duties()
    telling = tell(change, holding, now, keeps_food=keeps_food)
    if known is not None and known.active:
        if telling.now and known.told_at is None:
            _write(connection, known, tell_again(known, now), "told", now)
        return telling
    fresh = _alarm_of(change, store, title, now, food=is_food_critical(change, keeps_food=keeps_food))
    latching = isinstance(fault, Rule) and fault.latched
    after = raise_anew(known, replace(fresh, latching=latching, told_at=now if telling.now else None))
    alarms.write(connection, known, after)
    kind = "raised" if telling.now else "raised_withheld"
    reason = None if telling.kind is None else str(telling.kind)
    alarms.note(connection, [replace(entry_of(known, after, kind, now, reason=reason), until=telling.until)])
    return telling


def is_anything_due(connection: Connection, now: datetime, shadowed: Collection[str] = ()) -> bool:
    """Whether `release` has anything to do: it costs less to ask than to wait for a turn to write."""
    standing = suppressions.unsettled(connection)
    if any(to_remind(each, now) or (each.begins_at <= now and not each.stands(now)) for each in standing):
        return True
    holding = (*standing, *suppressions.in_shadow(connection, shadowed))
    return any(_is_free(alarm, holding, now) for alarm in alarms.untold(connection))


def release(connection: Connection, now: datetime, shadowed: Collection[str] = ()) -> tuple[Due, ...]:
    """What is to be told now that nothing holds it back any more, and devices out of service for too long.

    `shadowed` are the rules whose files say so. Each is to be told as any change is; telling it twice changes nothing.
    """
    standing = suppressions.unsettled(connection)
    over = [each for each in standing if each.begins_at <= now and not each.stands(now)]
    reminders = [*_over_long(connection, standing, now), *_back_in_time(over, now)]
    candidates = {each.id: each for each in alarms.untold(connection)}
    for each in over:
        candidates |= {one.id: one for one in _held_by(connection, each)}
    _settle(connection, over, now)
    if not candidates:
        return tuple(reminders)
    holding = (*(each for each in standing if each.stands(now)), *suppressions.in_shadow(connection, shadowed))
    told = (_tell_again(connection, alarm, holding, now) for _, alarm in sorted(candidates.items()))
    return (*reminders, *(due for due in told if due is not None))


def acknowledge_with(
    connection: Connection, store: str, alarms_of: Iterable[tuple[str, str]], actor: str, now: datetime
) -> None:
    """Whoever accepts a ticket has taken note of its alarms: `alarms_of` are devices and rules."""
    for device, rule in alarms_of:
        known = alarms.find(connection, store, device, rule)
        if known is not None and known.standing is Standing.UNACKNOWLEDGED:
            _write(connection, known, acknowledge(known, actor, now), "acknowledged", now, actor)


def _write(
    connection: Connection, before: Alarm, after: Alarm, kind: str, now: datetime, actor: str = STOREWARDEN
) -> None:
    alarms.write(connection, before, after)
    alarms.note(connection, [entry_of(before, after, kind, now, actor)])


def _alarm_of(change: Change, store: str, title: Text, now: datetime, *, food: bool) -> Alarm:
    return Alarm(
        id=0,
        store=store,
        device=change.device,
        rule=change.rule,
        title=title,
        severity=change.severity,
        priority=change.priority,
        food=food,
        latching=False,
        standing=Standing.NORMAL,
        since=change.since,
        raised_at=change.at,
        noted_at=now,
        change=change,
    )


def _clear(connection: Connection, known: Alarm | None, change: Change, now: datetime) -> None:
    """An alarm that is over needs no shelf any more: when it comes again somebody is to hear of it."""
    if known is None or not known.active:
        return
    _write(connection, known, clear(known, change.at), "cleared", now)
    for each in suppressions.unsettled(connection, known.store):
        own = each.kind is Kind.SHELVED and each.covers(known.device, known.rule) and each.stands(now)
        if own and suppressions.change(connection, each, end(each, STOREWARDEN, now)):
            suppressions.settle(connection, [each.id])
            alarms.note(connection, [_entry(each, "unshelved", now, "cleared")])


def _held_by(connection: Connection, over: Suppression) -> list[Alarm]:
    return [one for one in alarms.active_of(connection, over.store, over.device) if over.covers(one.device, one.rule)]


def _settle(connection: Connection, over: Iterable[Suppression], now: datetime) -> None:
    for each in over:
        suppressions.settle(connection, [each.id])
        if each.ended_at is None:  # who ends one before its time has been written down then
            alarms.note(connection, [_entry(each, f"{each.kind}_over", now)])


def _tell_again(connection: Connection, alarm: Alarm, holding: Iterable[Suppression], now: datetime) -> Due | None:
    if not _is_free(alarm, holding, now):
        return None
    _write(connection, alarm, tell_again(alarm, now), "told", now)
    log.info("alarm told after suppression store=%s device=%s rule=%s", alarm.store, alarm.device, alarm.rule)
    return Due(store=alarm.store, change=alarm.change)


def _is_free(alarm: Alarm, holding: Iterable[Suppression], now: datetime) -> bool:
    own = [each for each in holding if each.store in {"", alarm.store}]
    return tell(alarm.change, own, now, keeps_food=alarm.food).now


def _over_long(connection: Connection, standing: Iterable[Suppression], now: datetime) -> Iterable[Due]:
    for each in standing:
        if to_remind(each, now) and suppressions.change(connection, each, replace(each, reminded_at=now)):
            alarms.note(connection, [_entry(each, "reminded", now, each.reason)])
            yield Due(store=each.store, change=out_of_service_long("raised", each, now))


def _back_in_time(over: Iterable[Suppression], now: datetime) -> Iterable[Due]:
    """Devices that are back after somebody had been reminded of them."""
    for each in over:
        if each.reminded_at is not None:
            yield Due(store=each.store, change=out_of_service_long("cleared", each, now))


def _entry(about: Suppression, kind: str, at: datetime, reason: str | None = None) -> Entry:
    return Entry(
        at=at, actor=STOREWARDEN, kind=kind, store=about.store, device=about.device, rule=about.rule, reason=reason
    )
