"""The feed as it is stored: written with every change of a ticket, read from any position."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, func, insert, select

from collector.domain.events import FeedEvent, TicketSummary
from collector.store.tables import feed_event


def append(connection: Connection, summary: TicketSummary) -> None:
    data = msgspec.json.encode(summary).decode()
    connection.execute(insert(feed_event).values(ticket=summary.id, data=data))


def position(connection: Connection) -> int:
    """The id of the newest event; 0 before the first."""
    newest: int | None = connection.execute(select(func.max(feed_event.c.id))).scalar_one()
    return newest or 0


def after(connection: Connection, since: int, limit: int) -> tuple[FeedEvent, ...]:
    """The oldest `limit` events beyond that position."""
    query = select(feed_event).where(feed_event.c.id > since).order_by(feed_event.c.id).limit(limit)
    return tuple(FeedEvent(id=row.id, data=row.data) for row in connection.execute(query))
