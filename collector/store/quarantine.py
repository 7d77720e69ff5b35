"""Messages that nobody could read, or only in part: their bytes, why, and which entries still have to be taken in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select, update
from sqlalchemy.dialects import sqlite

from collector.store.tables import quarantine

QUARANTINED_AT_MOST = 1_000
BYTES_AT_MOST = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """`at` is when it came last, `times` how often. `refused` are the numbers of the entries that were acknowledged
    without being taken in; it is empty where nothing of the message was."""

    id: int
    topic: str
    at: datetime
    times: int
    reason: str
    refused: tuple[int, ...]
    size: int
    beginning: bytes


def put_in_quarantine(
    connection: Connection, topic: str, payload: bytes, reason: str, at: datetime, refused: Sequence[int] = ()
) -> None:
    """One that is there already is counted. `drop_beyond` is to follow in the same transaction."""
    digest = _digest(topic, payload)
    before = connection.execute(select(quarantine.c.refused).where(quarantine.c.digest == digest)).scalar_one_or_none()
    row = sqlite.insert(quarantine).values(
        topic=topic,
        payload=payload,
        reason=reason,
        at=at,
        refused=tuple(sorted({*(before or ()), *refused})),
        times=1,
        digest=digest,
    )
    again = {name: row.excluded[name] for name in ("at", "reason", "refused")} | {"times": quarantine.c.times + 1}
    connection.execute(row.on_conflict_do_update(index_elements=["digest"], set_=again))


def drop_beyond(connection: Connection) -> None:
    """Keeps what is newest within bounds: a store that sends only rubbish must not fill the disk."""
    newest_first = quarantine.c.id.desc()
    held = func.sum(func.length(quarantine.c.payload)).over(order_by=newest_first).label("held")
    place = func.row_number().over(order_by=newest_first).label("place")
    ranked = select(quarantine.c.id, held, place).subquery()
    beyond = (ranked.c.place > QUARANTINED_AT_MOST) | ((ranked.c.held > BYTES_AT_MOST) & (ranked.c.place > 1))
    connection.execute(delete(quarantine).where(quarantine.c.id.in_(select(ranked.c.id).where(beyond))))


def count_quarantined(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(quarantine)).scalar_one()


def quarantined(connection: Connection, limit: int, first_bytes: int) -> tuple[Quarantined, ...]:
    """The newest first, with the beginning of each payload."""
    query = _described(first_bytes).order_by(quarantine.c.id.desc()).limit(limit)
    return tuple(Quarantined(**row) for row in connection.execute(query).mappings())


def find(connection: Connection, number: int) -> Quarantined | None:
    row = connection.execute(_described(0).where(quarantine.c.id == number)).mappings().one_or_none()
    return None if row is None else Quarantined(**row)


def payload_of(connection: Connection, number: int) -> bytes | None:
    return connection.execute(select(quarantine.c.payload).where(quarantine.c.id == number)).scalar_one_or_none()


def keep_refused(connection: Connection, number: int, refused: Sequence[int], reason: str) -> None:
    """What is left to be taken in."""
    changed = update(quarantine).where(quarantine.c.id == number).values(refused=tuple(refused), reason=reason)
    connection.execute(changed)


def release(connection: Connection, number: int) -> None:
    """Nothing is left of it."""
    connection.execute(delete(quarantine).where(quarantine.c.id == number))


def _digest(topic: str, payload: bytes) -> str:
    return sha256(topic.encode() + b"\0" + payload).hexdigest()


def _described(first_bytes: int) -> Select[Any]:
    beginning = func.substr(quarantine.c.payload, 1, first_bytes).label("beginning")
    size = func.length(quarantine.c.payload).label("size")
    told = (quarantine.c[name] for name in ("id", "topic", "at", "times", "reason", "refused"))
    return select(*told, size, beginning)
