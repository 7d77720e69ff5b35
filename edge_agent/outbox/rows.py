"""What a row of the outbox holds: an encoded body, what kind it is, and a sum that tells whether the disk kept it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple
from zlib import crc32

from edge_agent.contract.clock import to_ms
from edge_agent.contract.codec import encode_body
from edge_agent.contract.readings import AgentStatus, Body, Gap, Telemetry
from edge_agent.outbox.ledger import Ledger

INSERT = "INSERT INTO entry (seq, kind, at, readings, crc, body) VALUES (?, ?, ?, ?, ?, ?)"


class Kind(IntEnum):
    TELEMETRY = 0
    STATUS = 1
    GAP = 2


MAY_GO = (Kind.STATUS, Kind.TELEMETRY)
"""What a full outbox parts with, the least valuable first, and of each the oldest. The newest status stays; a kind
that is not named here is never dropped."""


class Row(NamedTuple):
    """One body as it is stored; `at` in ms since 1970. A tuple, because a rescue makes a million of them."""

    kind: Kind
    at: int | None
    readings: int
    body: bytes


def row_of(body: Body) -> Row:
    encoded = encode_body(body)
    match body:
        case Telemetry():
            return Row(kind=Kind.TELEMETRY, at=to_ms(body.at), readings=len(body.readings), body=encoded)
        case AgentStatus():
            return Row(kind=Kind.STATUS, at=to_ms(body.at), readings=0, body=encoded)
        case Gap():
            return Row(kind=Kind.GAP, at=None, readings=0, body=encoded)


def row_crc(seq: object, kind: object, at: object, readings: object, body: bytes) -> int:
    """Over all that the row says: a number that the disk changed would take the place of a later entry."""
    return crc32(body, crc32(f"{seq},{kind},{at},{readings}".encode()))


def insert(db: sqlite3.Connection, ledger: Ledger, rows: Sequence[Row]) -> int:
    """Inside a transaction of the caller, which writes the ledger. Returns the last seq given so far."""
    db.executemany(INSERT, numbered(rows, ledger.last_seq + 1))
    ledger.last_seq += len(rows)
    ledger.entries_total += len(rows)
    ledger.readings_total += sum(row.readings for row in rows)
    return ledger.last_seq


def numbered(rows: Sequence[Row], begin: int) -> Iterator[tuple[object, ...]]:
    """What `INSERT` takes."""
    for seq, (kind, at, readings, body) in enumerate(rows, start=begin):
        yield seq, int(kind), at, readings, row_crc(seq, int(kind), at, readings, body), body


def put(db: sqlite3.Connection, seq: int, row: Row) -> None:
    """Under a number that was given before, and whose row is gone."""
    db.executemany(INSERT, numbered([row], seq))
