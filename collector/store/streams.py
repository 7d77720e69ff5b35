"""What has been received of each stream, the gaps in them, and messages that nobody could read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects import sqlite

from collector.domain.receipts import Receipts
from collector.store.tables import gap, quarantine, stream, unjudged
from edge_agent.contract.readings import Gap, Telemetry

QUARANTINED_AT_MOST = 1_000


def receipts(connection: Connection, store_id: str, stream_id: str) -> Receipts:
    query = select(stream.c.upto, stream.c.ranges).where(stream.c.store == store_id, stream.c.stream == stream_id)
    row = connection.execute(query).one_or_none()
    return Receipts() if row is None else Receipts(upto=row.upto, ranges=row.ranges)


def remember(connection: Connection, store_id: str, stream_id: str, received: Receipts) -> None:
    known = {"upto": received.upto, "ranges": received.ranges}
    statement = sqlite.insert(stream).values(store=store_id, stream=stream_id, **known)
    connection.execute(statement.on_conflict_do_update(index_elements=["store", "stream"], set_=known))


def record_gap(connection: Connection, store_id: str, stream_id: str, seq: int, lost: Gap, at: datetime) -> None:
    connection.execute(
        insert(gap).values(
            store=store_id,
            stream=stream_id,
            seq=seq,
            from_seq=lost.from_seq,
            to_seq=lost.to_seq,
            count=lost.count,
            reason=lost.reason,
            at=at,
        )
    )


def record_unjudged(
    connection: Connection, store_id: str, stream_id: str, seq: int, telemetry: Telemetry, reason: str
) -> None:
    """Keeps what a later judgement needs: which entry it was, and the clocks that can repair its time."""
    connection.execute(
        insert(unjudged).values(
            store=store_id,
            stream=stream_id,
            seq=seq,
            device=telemetry.device,
            at=telemetry.at,
            boot=telemetry.boot,
            mono=telemetry.mono,
            reason=reason,
        )
    )


def put_in_quarantine(connection: Connection, topic: str, payload: bytes, reason: str, at: datetime) -> None:
    """Keeps the newest thousand: a store that sends only rubbish must not fill the disk."""
    row = insert(quarantine).values(topic=topic, payload=payload, reason=reason, at=at)
    newest = connection.execute(row.returning(quarantine.c.id)).scalar_one()
    connection.execute(delete(quarantine).where(quarantine.c.id <= newest - QUARANTINED_AT_MOST))


def count_quarantined(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(quarantine)).scalar_one()
