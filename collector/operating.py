"""What operators do to alarms and devices: each as they saw it, by whoever may, and with a line in the audit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import Connection

from collector.desk import kin
from collector.domain import suppression as rules_of
from collector.domain.accounts import Account
from collector.domain.acting import Action, ActionRefused, permit
from collector.domain.alarms import STANDING_NAMES, Alarm, Entry, acknowledge, entry_of, reset
from collector.domain.intake import followers, part_with, said
from collector.domain.suppression import Kind, Suppression
from collector.domain.tickets import Ticket
from collector.lifecycle import Due, tell_anew
from collector.store import alarms, cases, suppressions, tickets
from edge_agent.contract.text import Text
from rules.book import RuleBook

WindowKind = Literal["by_design", "out_of_service"]
WINDOW_KINDS: tuple[WindowKind, ...] = get_args(WindowKind)
_BEGINS: dict[Kind, Action] = {Kind.BY_DESIGN: "mask", Kind.OUT_OF_SERVICE: "take_out"}
_ENDS: dict[Kind, Action] = {Kind.SHELVED: "unshelve", Kind.BY_DESIGN: "unmask", Kind.OUT_OF_SERVICE: "put_back"}


class NotThere(Exception):
    """It is over, or never was; ask for the list again."""


def acknowledge_alarm(
    connection: Connection, alarm_id: int, revision: int, who: Account, now: datetime, reason: str | None = None
) -> None:
    """Raises NotThere, ActionRefused."""
    permit("acknowledge", who.role)
    known = _seen(connection, alarm_id, revision)
    _write(connection, known, lambda one: acknowledge(one, who.name, now), "acknowledged", who, now, reason)


def reset_alarm(
    connection: Connection, alarm_id: int, revision: int, who: Account, now: datetime, reason: str | None = None
) -> None:
    """Of a latched one. Raises NotThere, ActionRefused."""
    permit("reset", who.role)
    _write(connection, _seen(connection, alarm_id, revision), reset, "reset", who, now, reason)


def shelve_alarm(
    connection: Connection, alarm_id: int, revision: int, who: Account, now: datetime, until: datetime, reason: str
) -> Suppression:
    """Raises NotThere, ActionRefused."""
    known = _seen(connection, alarm_id, revision)
    permit("shelve_food" if known.food else "shelve", who.role)
    if not known.active:
        raise ActionRefused(Text(zh="只能搁置正在发生的报警", en="only an active alarm can be shelved"))
    fresh = _shelf(known, reason, who, now, until)
    _refuse_second(connection, fresh, now)
    return _begin(connection, rules_of.shelve(fresh, known.severity, food=known.food), "shelved", now, known)


def part_with_followers(
    connection: Connection, closed: Ticket, book: RuleBook, who: Account, now: datetime
) -> tuple[Due, ...]:
    """What had followed from the fault of a closed ticket, and stands, is shelved until it has outlived that, or for as
    long as it may be. What is about food never is: it is returned, to be told at once on a ticket of its own."""
    shelved = {(each.device, each.rule) for each in suppressions.unsettled(connection, closed.store)}
    listed = {(one.device.id, one.alarm.standing.rule): one for one in cases.of_ticket(connection, closed.id)}
    due: list[Due] = []
    for child, over_at in followers(closed, (one.alarm.standing for one in listed.values()), kin(book)):
        known = alarms.find(connection, closed.store, child.device, child.rule)
        if known is None or not known.active or (child.device, child.rule) in shelved:
            continue
        if not known.food:
            _shelve_follower(connection, closed, known, over_at, who, now)
        elif (told := tell_anew(connection, known, book, now)) is not None:
            name = said(listed[child.device, child.rule].device.name, known.title)
            tickets.append_event(connection, closed.id, part_with(closed, name, now).event)
            due.append(told)
    return tuple(due)


def _shelve_follower(
    connection: Connection, closed: Ticket, known: Alarm, over_at: datetime | None, who: Account, now: datetime
) -> None:
    latest = now + rules_of.shelved_at_most(known.severity, food=known.food)
    until = latest if over_at is None else min(latest, max(now, over_at))
    reason = said(Text(zh=f"工单 {closed.number} 已关闭", en=f"ticket {closed.number} is closed"))
    _begin(connection, _shelf(known, reason, who, now, until), "shelved", now, known)


def set_window(connection: Connection, fresh: Suppression, who: Account, now: datetime) -> Suppression:
    """A mask for a device, or its maintenance. Raises ActionRefused."""
    permit(_BEGINS[fresh.kind], who.role)
    begun = replace(fresh, actor=who.name, begins_at=max(fresh.begins_at, now))
    if fresh.kind is Kind.OUT_OF_SERVICE:
        _refuse_second(connection, begun, now)
    return _begin(connection, rules_of.set_window(begun, now), str(fresh.kind), now)


def end_suppression(
    connection: Connection, id_: int, who: Account, now: datetime, reason: str | None = None
) -> Suppression:
    """Before its time; what still stands then is told soon after. Raises NotThere, ActionRefused."""
    known = suppressions.with_id(connection, id_)
    if known is None:
        raise NotThere(f"there is no suppression {id_}")
    permit(_ENDS[known.kind], who.role)
    ended = rules_of.end(known, who.name, now)
    if not suppressions.change(connection, known, ended):
        raise ActionRefused(Text(zh="已经结束", en="it is over already"))
    kind = "unshelved" if known.kind is Kind.SHELVED else f"{known.kind}_ended"
    alarms.note(connection, [_entry(ended, kind, now, who.name, reason)])
    return ended


def _shelf(known: Alarm, reason: str, who: Account, now: datetime, until: datetime) -> Suppression:
    return Suppression(
        kind=Kind.SHELVED,
        store=known.store,
        device=known.device,
        rule=known.rule,
        reason=reason,
        actor=who.name,
        begins_at=now,
        until=until,
    )


def _seen(connection: Connection, alarm_id: int, revision: int) -> Alarm:
    """As whoever acts saw it. Raises NotThere, ActionRefused."""
    known = alarms.with_id(connection, alarm_id)
    if known is None:
        raise NotThere(f"there is no alarm {alarm_id}")
    if known.revision != revision:
        zh = f"报警已变化（第 {known.revision} 版）：{STANDING_NAMES[known.standing].zh}，请重新查看"
        en = f"the alarm has changed: it is {STANDING_NAMES[known.standing].en}, revision {known.revision}"
        raise ActionRefused(Text(zh=zh, en=en))
    return known


def _write(
    connection: Connection,
    known: Alarm,
    act: Callable[[Alarm], Alarm],
    kind: str,
    who: Account,
    now: datetime,
    reason: str | None,
) -> None:
    after = act(known)
    alarms.write(connection, known, after)
    alarms.note(connection, [entry_of(known, after, kind, now, who.name, reason)])


def _refuse_second(connection: Connection, fresh: Suppression, now: datetime) -> None:
    for each in suppressions.unsettled(connection, fresh.store):
        same = (each.kind, each.device, each.rule) == (fresh.kind, fresh.device, fresh.rule)
        if same and each.ended_at is None and (each.until is None or each.until > now):
            zh, en = f"{each.actor} 已设置", f"{each.actor} has done so already"
            raise ActionRefused(Text(zh=zh, en=en))


def _begin(
    connection: Connection, fresh: Suppression, kind: str, now: datetime, about: Alarm | None = None
) -> Suppression:
    begun = suppressions.begin(connection, fresh)
    entry = _entry(begun, kind, now, fresh.actor, fresh.reason)
    if about is not None:
        entry = replace(entry, severity=about.severity, priority=about.priority)
    alarms.note(connection, [entry])
    return begun


def _entry(about: Suppression, kind: str, at: datetime, actor: str, reason: str | None) -> Entry:
    return Entry(
        at=at,
        actor=actor,
        kind=kind,
        store=about.store,
        device=about.device,
        rule=about.rule,
        reason=reason,
        until=about.until,
    )
