"""The outbox on disk: its tables, how the file is opened, and what becomes of a file that is ruined."""

from __future__ import annotations

import logging
import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from zlib import crc32

from edge_agent.contract.clock import to_ms
from edge_agent.contract.codec import encode_body
from edge_agent.contract.readings import AgentStatus, Body, Gap, Telemetry

log = logging.getLogger(__name__)

KEPT_RUINS = 3
SALVAGE_STEP = 8
SALVAGE_TRIES = 10_000
WAL_BYTES = 4 * 1024 * 1024

_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS entry (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, at INTEGER, readings INTEGER NOT NULL,
  crc INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS ledger (
  stream TEXT NOT NULL, entries_total INTEGER NOT NULL DEFAULT 0, readings_total INTEGER NOT NULL DEFAULT 0,
  confirmed_total INTEGER NOT NULL DEFAULT 0, dropped_total INTEGER NOT NULL DEFAULT 0,
  corrupt_total INTEGER NOT NULL DEFAULT 0
);
COMMIT;
"""
_RUINED = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
}
_TABLES = [("entry",), ("ledger",), ("sqlite_sequence",)]
_INSERT = "INSERT INTO entry (kind, at, readings, crc, body) VALUES (:kind, :at, :readings, :crc, :body)"
_COUNT = "UPDATE ledger SET entries_total = entries_total + ?, readings_total = readings_total + ?"
_WAITING = "SELECT entries_total - confirmed_total - dropped_total - corrupt_total FROM ledger"
_SALVAGE = "SELECT seq, kind, at, readings, crc, CAST(body AS BLOB) FROM entry WHERE seq >= ? ORDER BY seq"


class Kind(IntEnum):
    TELEMETRY = 0
    STATUS = 1
    GAP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One body as it is stored; `at` in ms since 1970."""

    kind: Kind
    at: int | None
    readings: int
    body: bytes

    @property
    def crc(self) -> int:
        return crc32(self.body)


def row_of(body: Body) -> Row:
    encoded = encode_body(body)
    match body:
        case Telemetry():
            return Row(kind=Kind.TELEMETRY, at=to_ms(body.at), readings=len(body.readings), body=encoded)
        case AgentStatus():
            return Row(kind=Kind.STATUS, at=to_ms(body.at), readings=0, body=encoded)
        case Gap():
            return Row(kind=Kind.GAP, at=None, readings=0, body=encoded)


def insert(db: sqlite3.Connection, rows: Iterable[Row]) -> int:
    """Inside a transaction of the caller. Returns the last seq given, 0 where there was no row."""
    last, entries, readings = 0, 0, 0
    for row in rows:
        values = {"kind": row.kind, "at": row.at, "readings": row.readings, "crc": row.crc, "body": row.body}
        last = db.execute(_INSERT, values).lastrowid or 0
        entries, readings = entries + 1, readings + row.readings
    db.execute(_COUNT, (entries, readings))
    return last


def open_file(path: Path, max_bytes: int) -> sqlite3.Connection:
    """The file with its tables, bounded to `max_bytes`; a ruined one is replaced. Raises sqlite3.Error, OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    successor = _successor(path)
    if successor.exists() and not path.exists():
        successor.rename(path)
    try:
        return _connect(path, max_bytes)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if not is_ruined(error):
            raise
        return begin_anew(path, max_bytes, error)


def begin_anew(path: Path, max_bytes: int, error: Exception) -> sqlite3.Connection:
    """A new stream with what can still be read of the ruined file, which is set aside.

    The new file is complete before the old one moves, so that a power cut at any step leaves one of the two in place.
    """
    successor = _successor(path)
    _forget(successor)
    with closing(_connect(successor, max_bytes)) as db:
        rescued, lost = _rescue(path, db)
    ruin = _set_aside(path)
    successor.rename(path)
    log.error(
        "outbox file ruined, new stream begun set_aside=%s rescued=%d lost=%d error=%s", ruin, rescued, lost, error
    )
    return _connect(path, max_bytes)


def ruin(what: str) -> sqlite3.DatabaseError:
    """The error that SQLite would raise had it noticed."""
    error = sqlite3.DatabaseError(what)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def is_ruined(error: Exception) -> bool:
    """Our statements never change: that SQLite finds one wrong (ERROR) means that the file's schema has.

    Where the ruin is in a name, Python already fails to decode SQLite's message about it.
    """
    if isinstance(error, UnicodeDecodeError):
        return True
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _RUINED


def is_full(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL


def _connect(path: Path, max_bytes: int) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA cell_size_check = ON")
        db.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
        (page_size,) = db.execute("PRAGMA page_size").fetchone()
        db.execute(f"PRAGMA max_page_count = {max_bytes // page_size}")
        db.executescript(_SCHEMA)
        if db.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall() != _TABLES:
            raise ruin("the tables are not those of an outbox")
        db.execute("INSERT INTO ledger (stream) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM ledger)", (new_stream(),))
    except BaseException:
        db.close()
        raise
    return db


def new_stream() -> str:
    return uuid.uuid4().hex


def _successor(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _rescue(ruin: Path, db: sqlite3.Connection) -> tuple[int, int]:
    """Copies whole rows, and records how many were lost as far as the ruined file can say. Returns (rescued, lost)."""
    with closing(sqlite3.connect(f"{ruin.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as old:
        waiting = _number(old, _WAITING)
        db.execute("BEGIN IMMEDIATE")
        rescued = insert(db, _salvage(old))
        lost = max(0, waiting - rescued)
        insert(db, [row_of(Gap(from_seq=0, to_seq=0, count=lost, reason="file_ruined"))])
        db.execute("COMMIT")
    return rescued, lost


def _set_aside(path: Path) -> Path:
    ruins = path.parent.glob(f"{path.name}.corrupt-*[0-9]")
    taken = sorted(int(ruin.suffix.removeprefix(".corrupt-")) for ruin in ruins)
    for old in taken[: max(0, len(taken) + 1 - KEPT_RUINS)]:
        _forget(path.with_name(f"{path.name}.corrupt-{old}"))
    ruin = path.with_name(f"{path.name}.corrupt-{taken[-1] + 1 if taken else 1}")
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    for tail in ("-wal", ""):
        part = path.with_name(path.name + tail)
        if part.exists():
            part.rename(ruin.with_name(ruin.name + tail))
    return ruin


def _forget(file: Path) -> None:
    for tail in ("-wal", "-shm", ""):
        file.with_name(file.name + tail).unlink(missing_ok=True)


def _number(old: sqlite3.Connection, query: str) -> int:
    """What the ruined file says; 0 where it cannot say."""
    try:
        return int(old.execute(query).fetchone()[0])
    except (sqlite3.Error, TypeError, ValueError):
        return 0


def _salvage(old: sqlite3.Connection) -> Iterator[Row]:
    """Every whole row that can be reached; where a page is ruined the search goes on behind it."""
    highest = _number(old, "SELECT seq FROM sqlite_sequence WHERE name = 'entry'")
    seq, failures = 0, 0
    while failures < SALVAGE_TRIES:
        try:
            for found, row in _read(old, seq):
                if row is not None:
                    yield row
                if found <= highest:  # a number beyond is itself damaged, and would end the search
                    seq, failures = max(seq, found + 1), 0
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            seq, failures = seq + SALVAGE_STEP, failures + 1
        else:
            return


def _read(old: sqlite3.Connection, from_seq: int) -> Iterator[tuple[int, Row | None]]:
    for seq, kind, at, readings, crc, body in old.execute(_SALVAGE, (from_seq,)):
        figures_are_whole = kind in iter(Kind) and isinstance(at, int | None) and isinstance(readings, int)
        whole = figures_are_whole and body and crc32(body) == crc
        yield seq, Row(kind=Kind(kind), at=at, readings=readings, body=body) if whole else None
