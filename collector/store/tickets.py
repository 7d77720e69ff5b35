"""Tickets, their cases and their history."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import Connection, Row, Select, case, func, insert, select, update

from collector.domain.events import StoreLabel
from collector.domain.intake import Case
from collector.domain.tickets import State, Ticket, TicketEvent
from collector.store.tables import OPEN, device, store, ticket, ticket_event
from edge_agent.contract.readings import Device

_COLUMNS = tuple(field.name for field in fields(Ticket))
_URGENCY = case({"critical": 0, "high": 1, "low": 2}, value=ticket.c.severity, else_=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A ticket with the store and device that it is about, as they are called today."""

    ticket: Ticket
    store: StoreLabel
    device: Device


def with_id(connection: Connection, ticket_id: int) -> Ticket:
    return to_ticket(connection.execute(select(ticket).where(ticket.c.id == ticket_id)).one())


def open_new(connection: Connection, fresh: Ticket, why: Case) -> Ticket:
    """The ticket with the id that it was given."""
    values = {name: getattr(fresh, name) for name in _COLUMNS if name != "id"}
    statement = insert(ticket).values(**values, evidence=why.evidence, diagnosis=why.diagnosis)
    return replace(fresh, id=connection.execute(statement.returning(ticket.c.id)).scalar_one())


def change(connection: Connection, before: State, after: Ticket, why: Case | None = None) -> bool:
    """Compare and set: False, and nothing written, where the ticket is no longer in the state `before`."""
    values = {name: getattr(after, name) for name in _COLUMNS if name != "id"}
    if why is not None:
        values |= {"evidence": why.evidence, "diagnosis": why.diagnosis}
    statement = update(ticket).where(ticket.c.id == after.id, ticket.c.state == before).values(**values)
    return connection.execute(statement).rowcount == 1


def append_event(connection: Connection, ticket_id: int, event: TicketEvent) -> None:
    connection.execute(
        insert(ticket_event).values(
            ticket=ticket_id,
            at=event.at,
            actor=event.actor,
            kind=event.kind,
            source=event.source,
            target=event.target,
            note=event.note,
            since=event.since,
        )
    )


def history(connection: Connection, ticket_id: int) -> tuple[TicketEvent, ...]:
    """Oldest first."""
    query = select(ticket_event).where(ticket_event.c.ticket == ticket_id).order_by(ticket_event.c.id)
    return tuple(
        TicketEvent(
            at=row.at,
            actor=row.actor,
            kind=row.kind,
            source=row.source,
            target=row.target,
            note=row.note,
            since=row.since,
        )
        for row in connection.execute(query)
    )


def most_urgent(connection: Connection, *, only_open: bool, limit: int) -> tuple[Placed, ...]:
    """Open before settled, then by severity, then the newest first."""
    settled = case((OPEN, 0), else_=1)
    query = _placed().order_by(settled, _URGENCY, ticket.c.opened_at.desc(), ticket.c.id.desc())
    if only_open:
        query = query.where(OPEN)
    return tuple(_place(row) for row in connection.execute(query.limit(limit)))


def find(connection: Connection, ticket_id: int) -> Placed | None:
    row = connection.execute(_placed().where(ticket.c.id == ticket_id)).one_or_none()
    return None if row is None else _place(row)


def case_of(connection: Connection, ticket_id: int) -> Case:
    row = connection.execute(select(ticket.c.evidence, ticket.c.diagnosis).where(ticket.c.id == ticket_id)).one()
    return Case(evidence=row.evidence, diagnosis=row.diagnosis)


def count_open(connection: Connection) -> dict[str, int]:
    """By severity."""
    query = select(ticket.c.severity, func.count().label("open")).where(OPEN).group_by(ticket.c.severity)
    return {row.severity: row.open for row in connection.execute(query)}


def _placed() -> Select[Any]:
    about_device = [column.label(f"device_{column.name}") for column in device.c]
    about_store = [store.c.name.label("store_name"), store.c.timezone.label("store_timezone")]
    about_ticket = [ticket.c[name] for name in _COLUMNS]
    joined = ticket.join(device, (device.c.store == ticket.c.store) & (device.c.id == ticket.c.device))
    return select(*about_ticket, *about_store, *about_device).select_from(
        joined.join(store, store.c.id == ticket.c.store)
    )


def _place(row: Row[Any]) -> Placed:
    device_ = Device(**{field.name: getattr(row, f"device_{field.name}") for field in fields(Device)})
    place = StoreLabel(id=row.store, name=row.store_name, timezone=row.store_timezone)
    return Placed(ticket=to_ticket(row), store=place, device=device_)


def to_ticket(row: Row[Any]) -> Ticket:
    return Ticket(**{name: getattr(row, name) for name in _COLUMNS})
