"""Where the publisher has to begin: found by looking at few rows, however many are waiting."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime

from edge_agent.contract.clock import from_ms
from edge_agent.outbox.rows import row_crc

LOOK_AT_ROWS = 500

IsSo = Callable[[bytes], bool | None]
"""Says something of a body; None where it cannot."""

_NEWEST = (
    "SELECT seq, kind, at, readings, crc, CAST(body AS BLOB) FROM entry "
    "WHERE kind = ? AND kind <> 0 AND seq <= ? ORDER BY seq DESC LIMIT 1"
)
_OLDEST = "SELECT seq, kind, at, readings, crc, CAST(body AS BLOB) FROM entry WHERE at IS NOT NULL ORDER BY seq LIMIT 1"
_BODIES = "SELECT seq, IFNULL(CAST(body AS BLOB), x'') FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq"


def newest_of(db: sqlite3.Connection, kind: int, last_seq: int) -> tuple[int, bytes] | None:
    """None where none of the kind is waiting, or it is damaged. `kind` is any but telemetry."""
    found = db.execute(_NEWEST, (kind, last_seq)).fetchone()
    if found is None:
        return None
    seq, kind, at, readings, crc, body = found
    return (seq, body) if body and row_crc(seq, kind, at, readings, body) == crc else None


def oldest_of(db: sqlite3.Connection) -> datetime | None:
    """None where nothing with a time is waiting, or the first such row is damaged: its time may be none."""
    found = db.execute(_OLDEST).fetchone()
    if found is None:
        return None
    seq, kind, at, readings, crc, body = found
    return from_ms(at) if body and row_crc(seq, kind, at, readings, body) == crc else None


def first_where(db: sqlite3.Connection, is_so: IsSo, last_seq: int) -> int:
    """The number from which on `is_so` of the bodies is true, if it is false before and true behind one."""
    low, high = 0, last_seq + 1
    while low < high:
        middle = (low + high) // 2
        not_yet = _told_untrue(db, is_so, middle, high)
        low, high = (low, middle) if not_yet is None else (not_yet + 1, high)
    return high


def _told_untrue(db: sqlite3.Connection, is_so: IsSo, from_seq: int, before_seq: int) -> int | None:
    """The number of the first row that can be told, where it is not so; None where it is, or there is no such row."""
    with closing(db.execute(_BODIES, (from_seq, before_seq))) as rows:
        for looked_at, (seq, body) in enumerate(rows, start=1):
            if (told := is_so(body)) is not None or looked_at == LOOK_AT_ROWS:
                return None if told else int(seq)
    return None
