"""What becomes of a ruined file: it is set aside, and a new one begins with all that can still be read of it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

from edge_agent.contract.readings import Gap
from edge_agent.outbox.file import connect, is_full, is_ruined
from edge_agent.outbox.gaps import Reason
from edge_agent.outbox.ledger import Ledger, LedgerRuined, begin_ledger, new_stream, read_ledger, write_ledger
from edge_agent.outbox.rows import Kind, Row, insert, row_crc, row_of

log = logging.getLogger(__name__)

KEPT_RUINS = 3
SALVAGE_STEP = 8
SALVAGE_TRIES = 10_000
COPY_ROWS = 5000
KEPT_BYTES = 16 * 1024 * 1024
"""A larger ruin is not kept: what could be read of it is in the new file, and the disk needs the room."""

_SALVAGE = "SELECT seq, kind, at, readings, crc, CAST(body AS BLOB) FROM entry WHERE seq >= ? ORDER BY seq"
_ROWS = "SELECT IFNULL(MIN(seq), 1), IFNULL(MAX(seq), 0), COUNT(*), IFNULL(SUM(readings), 0) FROM entry"
_KINDS = {kind.value: kind for kind in Kind}
_DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError, LedgerRuined)


def open_file(path: Path, max_bytes: int) -> sqlite3.Connection:
    """As `connect`; a ruined file is replaced. Raises sqlite3.Error, OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    successor = _successor(path)
    if successor.exists() and not path.exists():
        successor.rename(path)
    try:
        return connect(path, max_bytes)
    except LedgerRuined as error:
        with suppress(*_DAMAGE):
            _mend_account(path)
            log.error("outbox account ruined, new stream begun with the same rows error=%s", error)
            return connect(path, max_bytes)
        return begin_anew(path, max_bytes, error)
    except _DAMAGE as error:
        if not is_ruined(error):
            raise
        return begin_anew(path, max_bytes, error)


def begin_anew(path: Path, max_bytes: int, error: Exception) -> sqlite3.Connection:
    """A new stream with what can still be read of the ruined file, which is set aside.

    The new file is complete before the old one moves, so that a power cut at any step leaves one of the two in place.
    """
    successor = _successor(path)
    _forget(successor)
    with closing(connect(successor, max_bytes - max_bytes // 16)) as db:  # the rest is for what comes next
        rescued, lost = _rescue(path, db)
    ruin = _set_aside(path)
    successor.rename(path)
    log.error(
        "outbox file ruined, new stream begun set_aside=%s rescued=%d lost=%d error=%s", ruin, rescued, lost, error
    )
    return connect(path, max_bytes)


def _mend_account(path: Path) -> None:
    """A new stream of the rows that are there, under their numbers; what lay before the first will not come in it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db, _all_or_nothing(db):
        first, last, rows, readings = db.execute(_ROWS).fetchone()
        ledger = Ledger(stream=new_stream(), last_seq=last, entries_total=rows, readings_total=readings)
        gap = Gap(from_seq=min(1, first - 1), to_seq=first - 1, count=0, reason=Reason.FILE_RUINED)
        insert(db, ledger, [row_of(gap)])
        db.execute("DELETE FROM ledger")
        begin_ledger(db)
        write_ledger(db, ledger)


def _successor(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _rescue(ruin: Path, db: sqlite3.Connection) -> tuple[int, int]:
    """Copies whole rows, and records how many were lost as far as the ruined file can say. Returns (rescued, lost).

    The file is nobody's yet: it needs no log, and is synced once, when it is whole.
    """
    db.execute("PRAGMA journal_mode = MEMORY")
    db.execute("PRAGMA synchronous = OFF")
    with closing(sqlite3.connect(f"{ruin.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as old:
        waiting, highest = _account(old)
        ledger = _copy(_salvage(old, highest), db, read_ledger(db))
    rescued = ledger.entries_total
    lost = max(0, waiting - rescued)
    db.execute("PRAGMA synchronous = FULL")
    with _all_or_nothing(db):
        insert(db, ledger, [row_of(Gap(from_seq=0, to_seq=0, count=lost, reason=Reason.FILE_RUINED))])
        write_ledger(db, ledger)
    db.execute("PRAGMA journal_mode = WAL")
    return rescued, lost


def _copy(rows: Iterator[Row], db: sqlite3.Connection, ledger: Ledger) -> Ledger:
    """As many as there is room for, under new numbers: what a full disk cannot take is lost, and the agent starts."""
    with suppress(_NoRoom):
        while part := list(islice(rows, COPY_ROWS)):
            longer = replace(ledger)
            with _all_or_nothing(db):
                insert(db, longer, part)
            ledger = longer
    return ledger


@contextmanager
def _all_or_nothing(db: sqlite3.Connection) -> Iterator[None]:
    """Raises _NoRoom, sqlite3.Error."""
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("COMMIT")
    except sqlite3.Error as error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        if is_full(error):
            raise _NoRoom from error
        raise


class _NoRoom(Exception):
    """The new file has reached its bound, or the disk has no block left."""


def _account(old: sqlite3.Connection) -> tuple[int, int]:
    """How many rows waited in the ruined file, and its highest number; zeros where it cannot say."""
    try:
        ledger = read_ledger(old)
    except (*_DAMAGE, sqlite3.Error, TypeError, ValueError):
        return 0, 0
    return ledger.waiting, ledger.last_seq


def _salvage(old: sqlite3.Connection, highest: int) -> Iterator[Row]:
    """Every whole row that can be reached; where a page is ruined the search goes on behind it."""
    seq, failures = 0, 0
    while failures < SALVAGE_TRIES:
        try:
            for found, row in _read(old, seq):
                if row is not None:
                    yield row
                if row is not None or found <= highest:  # another number is itself damaged, and would end the search
                    seq, failures = max(seq, found + 1), 0
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            seq, failures = seq + SALVAGE_STEP, failures + 1
        else:
            return


def _read(old: sqlite3.Connection, from_seq: int) -> Iterator[tuple[int, Row | None]]:
    for seq, kind, at, readings, crc, body in old.execute(_SALVAGE, (from_seq,)):
        whole = body and kind in _KINDS and row_crc(seq, kind, at, readings, body) == crc
        yield seq, Row(_KINDS[kind], at, readings, body) if whole else None


def _set_aside(path: Path) -> str:
    """Returns the name under which the ruin is kept; none where it is too large to keep."""
    if path.stat().st_size > KEPT_BYTES:
        _forget(path)
        return ""
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
    return ruin.name


def _forget(file: Path) -> None:
    for tail in ("-wal", "-shm", ""):
        file.with_name(file.name + tail).unlink(missing_ok=True)
