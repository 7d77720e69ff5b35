"""The outbox's account of itself: whose stream it is, which numbers it gave, what became of them, and what that wore.

It is one row on one page, so that keeping it costs each commit one page, and carries its own check sum: a last number
that the disk changed would be given a second time.
"""

from __future__ import annotations

import sqlite3
import uuid
from dataclasses import astuple, dataclass, fields
from zlib import crc32

_COLUMNS = "stream, last_seq, entries_total, readings_total, confirmed_total, dropped_total, corrupt_total, \
commits_total, written_total, thinned_fine, thinned_coarse, rescued_upto, rescue_upto, rescue_missing"
_READ = f"SELECT {_COLUMNS}, crc FROM ledger"  # noqa: S608 — constants
_WRITE = f"UPDATE ledger SET ({_COLUMNS}, crc) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 — constants
_BEGIN = "INSERT INTO ledger SELECT ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM ledger)"

TABLE = "CREATE TABLE IF NOT EXISTS ledger (stream TEXT NOT NULL, last_seq INTEGER NOT NULL, \
entries_total INTEGER NOT NULL, readings_total INTEGER NOT NULL, confirmed_total INTEGER NOT NULL, \
dropped_total INTEGER NOT NULL, corrupt_total INTEGER NOT NULL, commits_total INTEGER NOT NULL, \
written_total INTEGER NOT NULL, thinned_fine INTEGER NOT NULL, thinned_coarse INTEGER NOT NULL, \
rescued_upto INTEGER NOT NULL, rescue_upto INTEGER NOT NULL, rescue_missing INTEGER NOT NULL, crc INTEGER NOT NULL)"


class LedgerRuined(ValueError):
    """The account is not what was written: begin a new stream."""


@dataclass(slots=True, kw_only=True)
class Ledger:
    """A transaction's own copy, written when it ends. None of the totals ever shrinks.

    `written_total` is bytes; `thinned_fine` and `thinned_coarse` are the numbers up to which telemetry was thinned.
    Of a ruined file before this one, entries up to `rescue_upto` are being brought over, under their numbers: all up to
    `rescued_upto` were looked at, and `rescue_missing` were not found yet.
    """

    stream: str
    last_seq: int = 0
    entries_total: int = 0
    readings_total: int = 0
    confirmed_total: int = 0
    dropped_total: int = 0
    corrupt_total: int = 0
    commits_total: int = 0
    written_total: int = 0
    thinned_fine: int = 0
    thinned_coarse: int = 0
    rescued_upto: int = 0
    rescue_upto: int = 0
    rescue_missing: int = 0

    @property
    def rescuing(self) -> bool:
        return self.rescued_upto < self.rescue_upto

    @property
    def waiting(self) -> int:
        return max(0, self.entries_total - self.confirmed_total - self.dropped_total - self.corrupt_total)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxCounters:
    """What went through this stream since its file was made; none of them ever shrinks. `written_total` is bytes."""

    entries_total: int
    readings_total: int
    confirmed_total: int
    dropped_total: int
    corrupt_total: int
    last_seq: int
    commits_total: int = 0
    written_total: int = 0

    @property
    def waiting(self) -> int:
        gone = self.confirmed_total + self.dropped_total + self.corrupt_total
        return max(0, self.entries_total - gone)


def counters_in(ledger: Ledger) -> OutboxCounters:
    return OutboxCounters(**{field.name: getattr(ledger, field.name) for field in fields(OutboxCounters)})


def begin_ledger(db: sqlite3.Connection) -> None:
    """Where there is none yet. Inside a transaction of the caller."""
    if db.execute(_BEGIN, (new_stream(),)).rowcount:
        values = db.execute(_READ).fetchone()
        db.execute("UPDATE ledger SET crc = ?", (_crc(values[:-1]),))


def read_ledger(db: sqlite3.Connection) -> Ledger:
    """Raises LedgerRuined, sqlite3.Error."""
    found = db.execute(_READ).fetchall()
    if len(found) != 1 or found[0][-1] != _crc(found[0][:-1]):
        raise LedgerRuined("the ledger is not what was written")
    names = (field.name for field in fields(Ledger))
    return Ledger(**dict(zip(names, found[0][:-1], strict=True)))


def write_ledger(db: sqlite3.Connection, ledger: Ledger) -> None:
    values = astuple(ledger)
    db.execute(_WRITE, (*values, _crc(values)))


def new_stream() -> str:
    return uuid.uuid4().hex


def _crc(values: tuple[object, ...]) -> int:
    return crc32(",".join(map(str, values)).encode())
