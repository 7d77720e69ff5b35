"""What judging finds, written down as operators see it: told now, or held back and told when nothing holds it any more.

`note` is asked of every change of an alarm before anybody is told of it, `release` now and then of what was held back.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from collector.domain.alarms import Alarm, Entry, Standing, acknowledge, clear, entry_of, raise_anew, tell_again
from collector.domain.episodes import Episode
from collector.domain.office_faults import OFFICE_FAULTS, out_of_service_long
from collector.domain.suppression import NOW, Kind, Suppression, Telling, end, is_food_critical, tell, to_remind
from collector.domain.tickets import STOREWARDEN
from collector.faults import known_faults
from collector.store import alarms, suppressions
from edge_agent.contract.text import Text
from rules.book import RuleBook
from rules.food import FoodTable
from rules.model import Change, Rule

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A change of a device of `store` that is to be told at last."""

    store: str
    change: Change


def note(
    connection: Connection, store: str, change: Change, fault: object, title: Text, now: datetime, food: FoodTable
) -> Telling:
    """Writes the change down, and says whether somebody is to be told; `fault` is the rule, or what stands for one.

    `food` says which devices keep food. The same change again changes nothing and is answered in the same way.
    """
    if change.rule in OFFICE_FAULTS:
        return NOW
    known = alarms.find(connection, store, change.device, change.rule)
    if change.kind == "cleared":
        _clear(connection, known, change, now)
        return NOW
    by_file = {change.rule} if isinstance(fault, Rule) and fault.shadow else set[str]()
    holding = (*suppressions.unsettled(connection, store), *suppressions.in_shadow(connection, by_file))
    keeps_food = alarms.duty_of(connection, store, change.device) in food.duties
    telling = tell(change, holding, now, keeps_food=keeps_food)
    critical, latching = is_food_critical(change, keeps_food=keeps_food), isinstance(fault, Rule) and fault.latched
    fresh = _alarm_of(change, store, title, now, food=critical, latching=latching)
    after = raise_anew(known, replace(fresh, told_at=now if telling.now else None))
    if after is not known:
        alarms.write(connection, known, after)
    if known is not None and known.active:
        if telling.now and after.told_at is None:
            _write(connection, after, tell_again(after, now), "told", now)
        return telling
    kind = "raised" if telling.now else "raised_withheld"
    reason = None if telling.kind is None else str(telling.kind)
    alarms.note(connection, [replace(entry_of(known, after, kind, now, reason=reason), until=telling.until)])
    return telling


def correct(connection: Connection, store: str, device: str, was: datetime, told: Episode) -> None:
    """The alarm that was thought to have begun at `was` began when `told` did, and is told so from now on."""
    known = alarms.find(connection, store, device, told.rule)
    if known is None or known.since != was:
        return
    change = replace(known.change, since=told.since, since_at_least=told.since_at_least)
    alarms.write(connection, known, replace(known, since=told.since, change=change, revision=known.revision + 1))


def is_anything_due(connection: Connection, now: datetime, book: RuleBook) -> bool:
    """Whether `release` has anything to do: it costs less to ask than to wait for a turn to write."""
    standing = suppressions.unsettled(connection)
    if any(to_remind(each, now) or (each.begins_at <= now and not each.stands(now)) for each in standing):
        return True
    holding = (*standing, *_in_shadow(connection, book))
    return any(_is_free(alarm, holding, now) for alarm in _judged(alarms.untold(connection), book))


def release(connection: Connection, now: datetime, book: RuleBook) -> tuple[Due, ...]:
    """What is to be told now that nothing holds it back any more, and devices out of service for too long.

    Each is to be told as any change is; telling it twice changes nothing.
    """
    standing = suppressions.unsettled(connection)
    over = [each for each in standing if each.begins_at <= now and not each.stands(now)]
    reminders = [*_over_long(connection, standing, now), *_back_in_time(over, now)]
    waiting = [*alarms.untold(connection), *(one for each in over for one in _held_by(connection, each))]
    candidates = {each.id: each for each in _judged(waiting, book)}
    _settle(connection, over, now)
    if not candidates:
        return tuple(reminders)
    holding = (*(each for each in standing if each.stands(now)), *_in_shadow(connection, book))
    told = (_tell_again(connection, alarm, holding, now) for _, alarm in sorted(candidates.items()))
    return (*reminders, *(due for due in told if due is not None))


def tell_anew(connection: Connection, alarm: Alarm, book: RuleBook, now: datetime) -> Due | None:
    """An alarm that stands, and that what it was told on tells of no more; None where something holds it back."""
    return _tell_again(connection, alarm, (*suppressions.unsettled(connection), *_in_shadow(connection, book)), now)


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


def _alarm_of(change: Change, store: str, title: Text, now: datetime, *, food: bool, latching: bool) -> Alarm:
    return Alarm(
        id=0,
        store=store,
        device=change.device,
        rule=change.rule,
        title=title,
        severity=change.severity,
        priority=change.priority,
        food=food,
        latching=latching,
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


def _in_shadow(connection: Connection, book: RuleBook) -> tuple[Suppression, ...]:
    return suppressions.in_shadow(connection, {rule.id for rule in book.rules if rule.shadow})


def _judged(waiting: Iterable[Alarm], book: RuleBook) -> list[Alarm]:
    """Of a rule that is not in force any more nobody knows whether it still stands."""
    known = known_faults(book)
    return [each for each in waiting if each.rule in known]


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
    log.info("alarm told anew store=%s device=%s rule=%s", alarm.store, alarm.device, alarm.rule)
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
