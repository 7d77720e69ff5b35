"""The alarms that are written on tickets: one row for each, on the ticket that it is on just now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update
from sqlalchemy.dialects import sqlite

from collector.domain.intake import Case, TicketAlarm
from collector.domain.tickets import Ticket
from collector.store.tables import OPEN, device, episode, ticket, ticket_alarm
from collector.store.tickets import to_ticket
from edge_agent.contract.readings import Device
from rules.kinship import Standing

AlarmId = tuple[str, str]
"""Device and rule: of a store, each stands on one open ticket at most."""

_HERE = ticket.c.store.in_(bindparam("stores", expanding=True))
_TICKETS = select(ticket).where(_HERE, OPEN).order_by(ticket.c.id)
_ALARMS = (
    select(ticket_alarm, ticket.c.store)
    .join(ticket, ticket.c.id == ticket_alarm.c.ticket)
    .where(_HERE, OPEN)
    .order_by(ticket_alarm.c.since, ticket_alarm.c.device, ticket_alarm.c.rule)
)
_ROW = sqlite.insert(ticket_alarm)
_KEY = list(ticket_alarm.primary_key)
_PUT = _ROW.on_conflict_do_update(
    index_elements=_KEY, set_={column.name: column for column in _ROW.excluded if column.name not in {"ticket"}}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTicket:
    """An alarm, and the id of the ticket that it is on."""

    ticket: int
    alarm: TicketAlarm


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTickets:
    """Of one store."""

    tickets: tuple[Ticket, ...] = ()
    alarms: Mapping[AlarmId, OnTicket]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An alarm of a ticket with the device that it is of."""

    alarm: TicketAlarm
    device: Device


def open_tickets(connection: Connection, stores: Iterable[str]) -> dict[str, OpenTickets]:
    """With their alarms, the oldest first."""
    wanted = sorted(stores)
    tickets: dict[str, list[Ticket]] = {store: [] for store in wanted}
    for row in connection.execute(_TICKETS, {"stores": wanted}):
        tickets[row.store].append(to_ticket(row))
    alarms: dict[str, dict[AlarmId, OnTicket]] = {store: {} for store in wanted}
    if any(tickets.values()):
        for row in connection.execute(_ALARMS, {"stores": wanted}):
            alarms[row.store][row.device, row.rule] = OnTicket(ticket=row.ticket, alarm=_alarm(row))
    return {store: OpenTickets(tickets=tuple(tickets[store]), alarms=alarms[store]) for store in wanted}


def standing(connection: Connection, store_id: str) -> list[TicketAlarm]:
    """The alarms on open tickets that go on, as far as those tell."""
    known = open_tickets(connection, [store_id])[store_id].alarms.values()
    return [one.alarm for one in known if one.alarm.standing.raised]


def write(connection: Connection, before: Mapping[AlarmId, OnTicket], after: Mapping[AlarmId, OnTicket]) -> None:
    """What has changed; an alarm that is on another ticket than before leaves the one that it was on."""
    for id_, known in before.items():
        if id_ not in after or after[id_].ticket != known.ticket:
            here = (ticket_alarm.c.ticket == known.ticket) & (ticket_alarm.c.device == id_[0])
            connection.execute(delete(ticket_alarm).where(here, ticket_alarm.c.rule == id_[1]))
    rows = [_values(one) for id_, one in after.items() if before.get(id_) != one]
    if rows:
        connection.execute(_PUT, rows)


def move_episode(connection: Connection, store_id: str, alarm: Standing, ticket_id: int) -> None:
    """The episode of an alarm that goes on follows it to its ticket."""
    here = (episode.c.store == store_id) & (episode.c.device == alarm.device) & (episode.c.rule == alarm.rule)
    told = episode.c.ticket.is_not(None)
    connection.execute(update(episode).where(here, episode.c.since == alarm.since, told).values(ticket=ticket_id))


def of_ticket(connection: Connection, ticket_id: int) -> tuple[Listed, ...]:
    """The oldest first."""
    about = [column.label(f"device_{column.name}") for column in device.c]
    joined = ticket_alarm.join(ticket, ticket.c.id == ticket_alarm.c.ticket).join(
        device, (device.c.store == ticket.c.store) & (device.c.id == ticket_alarm.c.device)
    )
    query = select(ticket_alarm, *about).select_from(joined).where(ticket_alarm.c.ticket == ticket_id)
    rows = connection.execute(query.order_by(ticket_alarm.c.since, ticket_alarm.c.device, ticket_alarm.c.rule))
    return tuple(Listed(alarm=_alarm(row), device=_device(row)) for row in rows)


def _values(one: OnTicket) -> dict[str, Any]:
    alarm, standing = one.alarm, one.alarm.standing
    return {
        "ticket": one.ticket,
        "device": standing.device,
        "rule": standing.rule,
        "family": standing.family,
        "severity": standing.severity,
        "title": alarm.title,
        "since": standing.since,
        "since_at_least": alarm.since_at_least,
        "raised_at": standing.raised_at,
        "cleared_at": standing.cleared_at,
        "evidence": alarm.case.evidence,
        "diagnosis": alarm.case.diagnosis,
    }


def _alarm(row: Row[Any]) -> TicketAlarm:
    instants: dict[str, datetime] = {name: getattr(row, name) for name in ("since", "raised_at", "cleared_at")}
    return TicketAlarm(
        standing=Standing(device=row.device, rule=row.rule, family=row.family, severity=row.severity, **instants),
        title=row.title,
        since_at_least=row.since_at_least,
        case=Case(evidence=row.evidence, diagnosis=row.diagnosis),
    )


def _device(row: Row[Any]) -> Device:
    names = Device.__dataclass_fields__
    return Device(**{name: getattr(row, f"device_{name}") for name in names})
