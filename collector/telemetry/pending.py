"""The database's list of what a telemetry store elsewhere still has to be given, in the order of arrival."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from collector.store.tables import pending, undelivered


@dataclass(frozen=True, slots=True)
class Waiting:
    """One row: some polls, packed, how many readings they have, and when they came (ms)."""

    id: int
    at_ms: int
    readings: int
    body: bytes


def append(transaction: Connection, at_ms: int, readings: int, body: bytes) -> None:
    transaction.execute(insert(pending).values(at=at_ms, readings=readings, body=body))


def oldest(connection: Connection, readings: int) -> list[Waiting]:
    """As many rows as have about so many readings together; at least one, if there is any."""
    query = select(pending.c.id, pending.c.at, pending.c.readings, pending.c.body).order_by(pending.c.id)
    found: list[Waiting] = []
    total = 0
    for row in connection.execute(query.limit(readings)).yield_per(10):
        total += row.readings
        if found and total > readings:
            break
        found.append(Waiting(*row))
    return found


def settle(transaction: Connection, last: int) -> None:
    """Everything up to the id `last` is written."""
    transaction.execute(delete(pending).where(pending.c.id <= last))


def weight(connection: Connection) -> int:
    """Bytes that wait."""
    return int(connection.execute(select(func.coalesce(func.sum(func.length(pending.c.body)), 0))).scalar_one())


def drop_oldest(transaction: Connection, most: int) -> int:
    """Drops the oldest rows until no more than `most` bytes wait, and counts their readings as undelivered."""
    excess = weight(transaction) - most
    if excess <= 0:
        return 0
    sizes = select(pending.c.id, pending.c.at, pending.c.readings, func.length(pending.c.body)).order_by(pending.c.id)
    last = lost = 0
    instants: list[int] = []
    for number, at_ms, readings, size in transaction.execute(sizes):
        if excess <= 0:
            break
        last, lost, excess = number, lost + readings, excess - size
        instants += [at_ms]
    note_lost(transaction, instants[0], instants[-1], lost, "pending_full")
    settle(transaction, last)
    return lost


def note_lost(transaction: Connection, from_ms: int, to_ms: int, readings: int, reason: str) -> None:
    values = {"from_at": from_ms, "to_at": to_ms, "readings": readings, "reason": reason}
    transaction.execute(insert(undelivered).values(values))


def count_waiting(connection: Connection) -> int:
    """Readings."""
    return int(connection.execute(select(func.coalesce(func.sum(pending.c.readings), 0))).scalar_one())


def count_lost(connection: Connection) -> int:
    """Readings."""
    return int(connection.execute(select(func.coalesce(func.sum(undelivered.c.readings), 0))).scalar_one())
