"""The outbox on disk: its tables, how the file is opened, and which errors mean that it is ruined."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from edge_agent.outbox.ledger import TABLE, LedgerRuined, begin_ledger, read_ledger

PAGE_BYTES = 1024
"""A commit rewrites a few pages with little new in each: with small ones it writes half as much."""

PAGES_OF_LOG = 1000
"""Pages in the write-ahead log before they are moved: it soon has its full length and is overwritten from then on,
which needs neither free blocks nor a journal entry of the file system."""

LOG_BYTES = 2 * 1024 * 1024
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS entry (
  seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, at INTEGER, readings INTEGER NOT NULL,
  crc INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS other_than_telemetry ON entry (kind) WHERE kind <> 0;
{TABLE};
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
TABLES = [("entry",), ("ledger",), ("other_than_telemetry",)]


def connect(path: Path, max_bytes: int) -> sqlite3.Connection:
    """The file with its tables, bounded to `max_bytes`. Raises sqlite3.Error, UnicodeDecodeError, LedgerRuined."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA cell_size_check = ON")
        db.execute(f"PRAGMA wal_autocheckpoint = {PAGES_OF_LOG}")
        db.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
        db.executescript(_SCHEMA)
        if tables_of(db) != TABLES:
            raise ruin("the tables are not those of an outbox")
        db.execute("BEGIN IMMEDIATE")
        begin_ledger(db)
        db.execute("COMMIT")
        read_ledger(db)
        limit(db, max_bytes)
    except BaseException:
        db.close()
        raise
    return db


def tables_of(db: sqlite3.Connection) -> list[tuple[str]]:
    return db.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()


def limit(db: sqlite3.Connection, max_bytes: int) -> None:
    """From now on; a file that is larger already stays as it is, and grows no more."""
    (page_size,) = db.execute("PRAGMA page_size").fetchone()
    db.execute(f"PRAGMA max_page_count = {max(1, max_bytes // page_size)}")


def file_bytes(db: sqlite3.Connection) -> int:
    """With what the write-ahead log has for it."""
    (pages,), (size,) = (db.execute(f"PRAGMA {word}").fetchone() for word in ("page_count", "page_size"))
    return int(pages * size)


def ruin(what: str) -> sqlite3.DatabaseError:
    """The error that SQLite would raise had it noticed."""
    error = sqlite3.DatabaseError(what)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def is_ruined(error: Exception) -> bool:
    """Our statements never change: that SQLite finds one wrong (ERROR) means that the file's schema has.

    Where the ruin is in a name, Python already fails to decode SQLite's message about it.
    """
    if isinstance(error, UnicodeDecodeError | LedgerRuined):
        return True
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _RUINED


def is_full(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
