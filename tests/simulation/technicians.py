"""Technicians who close the tickets of faults that are over, whenever they come to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from collector.domain.events import summarise
from collector.domain.tickets import State, move
from collector.store import feed, tickets
from collector.store.database import Database
from collector.store.tickets import Placed
from edge_agent.contract.clock import Clock

WAY: tuple[State, ...] = ("new", "accepted", "fixed", "closed")


def close_what_is_over(database: Database, clock: Clock) -> int:
    """As the API does it, all steps in one transaction. Returns how many; raises TryLater."""
    with database.writing() as connection:
        over = [
            one for one in tickets.most_urgent(connection, only_open=True, limit=1_000) if not one.ticket.alarm_active
        ]
        for placed in over:
            _close(connection, placed, clock.now())
    return len(over)


def _close(connection: Connection, placed: Placed, at: datetime) -> None:
    ticket = placed.ticket
    for target in WAY[WAY.index(ticket.state) + 1 :]:
        source = ticket.state
        ticket, event = move(
            ticket, source=source, target=target, actor="somebody", role="technician", at=at, note=None
        )
        tickets.change(connection, source, ticket)
        tickets.append_event(connection, ticket.id, event)
        feed.append(connection, summarise(ticket, placed.store, placed.device))
