"""What becomes of a ruined file: a new one goes on at once, and takes over what can still be read of it bit by bit.

An entry keeps its number, and the stream its name where the account is whole: what the ruined file had not sent leaves
as if nothing had been, and what it had sent is known to head office by its number.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from edge_agent.contract.readings import Gap
from edge_agent.outbox.file import PAGE_BYTES, TABLES, connect, is_ruined, tables_of
from edge_agent.outbox.gaps import Reason
from edge_agent.outbox.ledger import Ledger, LedgerRuined, new_stream, read_ledger, write_ledger
from edge_agent.outbox.room import Run
from edge_agent.outbox.rows import INSERT, Kind, Row, insert, row_crc, row_of

log = logging.getLogger(__name__)

KEPT_RUINS = 3
KEPT_BYTES = 16 * 1024 * 1024
"""A larger ruin is not kept: what could be read of it is in the new file, and the disk needs the room."""

LEAP = 2**40
"""More numbers than an outbox gives in its life: where the last one cannot be read, the next is behind so many."""

_FROM = "SELECT seq, kind, at, readings, crc, CAST(body AS BLOB) FROM entry WHERE seq >= ? ORDER BY seq"
_LAST = "SELECT seq, kind, at, readings, crc, CAST(body AS BLOB) FROM entry ORDER BY seq DESC LIMIT 1"
_KINDS = {kind.value for kind in Kind}
_DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError, LedgerRuined)

Stored = tuple[int, int, int | None, int, int, bytes]
"""A row as it stands on disk: seq, kind, at, readings, crc, body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Whole rows of a ruined file and runs of lost ones; all up to `upto` was looked at."""

    rows: list[Stored]
    lost: list[Run]
    upto: int


def open_file(path: Path, max_bytes: int) -> sqlite3.Connection:
    """As `connect`; a ruined file is replaced. Raises sqlite3.Error, OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _go_on_moving(path)
    try:
        db = connect(path, max_bytes)
    except _DAMAGE as error:
        if not is_ruined(error):
            raise
        return begin_anew(path, max_bytes, error)
    forget(_successor(path))
    if not read_ledger(db).rescuing:
        set_aside(path)
    return db


def begin_anew(path: Path, max_bytes: int, error: Exception) -> sqlite3.Connection:
    """A new file that goes on where the ruined one ended, whose rows are still to be taken over.

    The new file is complete before the old one moves, so that a power cut at any step leaves one of the two in place.
    """
    successor = _successor(path)
    forget(successor)
    connect(successor, max_bytes).close()
    if not _has_its_tables(path):
        _mend_first_page(path, successor)
    ledger = _account_after(path)
    with closing(connect(successor, max_bytes)) as db:
        db.execute("BEGIN IMMEDIATE")
        if not ledger.rescuing:
            insert(db, ledger, [_farewell(ledger)])
        write_ledger(db, ledger)
        db.execute("COMMIT")
    forget(ruin_of(path))
    _move(path, ruin_of(path))
    successor.rename(path)
    log.error(
        "outbox file ruined, a new one goes on stream=%s waiting=%d error=%s", ledger.stream, ledger.waiting, error
    )
    if not ledger.rescuing:
        set_aside(path)
    return connect(path, max_bytes)


def ruin_of(path: Path) -> Path:
    """What `path` was, as long as rows are taken over from it."""
    return path.with_name(f"{path.name}.ruined")


def bytes_of_ruin(path: Path) -> int:
    try:
        return ruin_of(path).stat().st_size
    except FileNotFoundError:
        return 0


def salvage(ruin: Path, after_seq: int, upto: int) -> Generator[Stored | Run, None, None]:
    """Whole rows between the two numbers that can be reached, in order, and between them runs of lost ones.

    It goes from leaf to leaf and looks a number up only behind a page that cannot be read: most of what may be ruined
    on the way down to a row then matters nothing. Raises nothing.
    """
    try:
        with closing(_reading(ruin)) as old:
            yield from _salvage(old, after_seq, upto)
    except sqlite3.Error:
        yield Run(from_seq=after_seq + 1, to_seq=upto, count=1)


def next_part(salvaged: Iterator[Stored | Run], upto: int, at_most: int) -> Part:
    """Up to `at_most` rows, or all that are left of what `salvage` was asked for up to `upto`."""
    rows: list[Stored] = []
    lost: list[Run] = []
    for found in salvaged:
        if isinstance(found, Run):
            lost.append(found)
            continue
        rows.append(found)
        if len(rows) == at_most:
            return Part(rows=rows, lost=lost, upto=found[0])
    return Part(rows=rows, lost=lost, upto=upto)


def take_over(db: sqlite3.Connection, ledger: Ledger, part: Part) -> None:
    """Inside a transaction of the caller, which writes the ledger. The last part says how many are missing in all."""
    db.executemany(INSERT, part.rows)
    told = sum(run.count for run in part.lost)
    found = len(part.rows) + told
    ledger.entries_total += max(0, found - ledger.rescue_missing)
    ledger.rescue_missing = max(0, ledger.rescue_missing - found)
    ledger.corrupt_total += told
    ledger.rescued_upto = part.upto
    gaps = [
        Gap(from_seq=run.from_seq, to_seq=run.to_seq, count=run.count, reason=Reason.FILE_RUINED) for run in part.lost
    ]
    insert(db, ledger, [row_of(gap) for gap in gaps])
    if not ledger.rescuing:
        insert(db, ledger, [_farewell(ledger)])


def set_aside(path: Path) -> None:
    """Nothing is left in the ruin: it is kept for whoever looks into it, unless it is too large.

    Where the disk refuses that it stays, and is looked at when the file is opened again.
    """
    with suppress(OSError):
        ruin = ruin_of(path)
        if bytes_of_ruin(path) > KEPT_BYTES:
            forget(ruin)
        elif ruin.exists():
            _keep(ruin, path)


def _keep(ruin: Path, path: Path) -> None:
    taken = sorted(int(old.suffix.removeprefix(".corrupt-")) for old in path.parent.glob(f"{path.name}.corrupt-*[0-9]"))
    for old in taken[: max(0, len(taken) + 1 - KEPT_RUINS)]:
        forget(path.with_name(f"{path.name}.corrupt-{old}"))
    _move(ruin, path.with_name(f"{path.name}.corrupt-{taken[-1] + 1 if taken else 1}"))


def forget(file: Path) -> None:
    """With its log; the file itself last, so that a log is never without it."""
    for tail in ("-wal", "-shm", ""):
        file.with_name(file.name + tail).unlink(missing_ok=True)


def _successor(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _move(path: Path, to: Path) -> None:
    """The file first: a log that finds a new file in its place would be taken for that one's."""
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    for tail in ("", "-wal"):
        part = path.with_name(path.name + tail)
        if part.exists():
            part.rename(to.with_name(to.name + tail))


def _go_on_moving(path: Path) -> None:
    """Where `begin_anew` was cut off after the old file had gone."""
    if ruin_of(path).exists():
        _move(path, ruin_of(path))
    if _successor(path).exists():
        _successor(path).rename(path)


def _has_its_tables(path: Path) -> bool:
    with suppress(*_DAMAGE), closing(_reading(path)) as old:
        return tables_of(old) == TABLES
    return False


def _mend_first_page(ruin: Path, sound: Path) -> None:
    """It leads to all the others, and is the same in every outbox but for what is counted in it.

    https://www.sqlite.org/fileformat.html, 1.3: pages of the file, and the list of those that are free.
    """
    size = ruin.stat().st_size
    if size % PAGE_BYTES or sound.stat().st_size < PAGE_BYTES:
        return
    page = bytearray(sound.read_bytes()[:PAGE_BYTES])
    page[28:40] = (size // PAGE_BYTES).to_bytes(4, "big") + bytes(8)
    with ruin.open("r+b") as file:
        file.write(page)


def _account_after(path: Path) -> Ledger:
    """The account of the file that takes the place of `path`: that of the ruin where it can be read, else a new one."""
    with suppress(*_DAMAGE, TypeError, ValueError), closing(_reading(path)) as old:
        before = read_ledger(old)
        return replace(before, rescued_upto=0, rescue_upto=before.last_seq, rescue_missing=before.waiting)
    last = _last_given(path)
    return Ledger(stream=new_stream(), last_seq=last, rescue_upto=last)


def _last_given(ruin: Path) -> int:
    """At least; 0 where nothing can be read."""
    with suppress(*_DAMAGE), closing(_reading(ruin)) as old:
        row = old.execute(_LAST).fetchone()
        if row is not None and _is_whole(row):
            return int(row[0])
    some = next_part(salvage(ruin, 0, LEAP * LEAP), 0, 1).rows
    return (some[0][0] // LEAP + 1) * LEAP if some else 0


def _reading(ruin: Path) -> sqlite3.Connection:
    """Never makes a file."""
    return sqlite3.connect(
        f"{ruin.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False
    )


def _salvage(old: sqlite3.Connection, after_seq: int, upto: int) -> Iterator[Stored | Run]:
    seq, ruined, at = 0, 0, 0
    while at <= upto:
        try:
            for row in old.execute(_FROM, (at,)):
                if not _is_whole(row) or row[0] <= seq or (not ruined and _is_misplaced(old, seq, row[0])):
                    ruined += row[0] != seq
                    continue
                if row[0] > upto:
                    break
                if row[0] > after_seq:
                    yield from _lost_between(seq, row[0], ruined)
                    yield row
                seq, ruined = row[0], 0
            break
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            ruined += 1
            at = _next_readable(old, max(at, seq) + 1, upto)
    if ruined:
        yield from _lost_between(max(seq, after_seq), upto + 1, ruined)


def _lost_between(seq: int, found: int, ruined: int) -> Iterator[Run]:
    """What lies before the first row of all was sent, or told as lost, long ago: nobody is to wait for it."""
    if found > seq + 1 and (ruined or seq == 0):
        yield Run(from_seq=seq + 1, to_seq=found - 1, count=ruined)


def _is_whole(row: tuple[int, int, int | None, int, int, bytes]) -> bool:
    seq, kind, at, readings, crc, body = row
    return bool(body) and kind in _KINDS and row_crc(seq, kind, at, readings, body) == crc


def _is_misplaced(old: sqlite3.Connection, seq: int, found: int) -> bool:
    """A ruined pointer leads to sound pages of another place: seen from there, other rows lie before this one."""
    if found == seq + 1:
        return False
    try:
        (before,) = old.execute("SELECT IFNULL(MAX(seq), 0) FROM entry WHERE seq < ?", (found,)).fetchone()
    except sqlite3.DatabaseError:
        return False
    return bool(seq < before < found)


def _next_readable(old: sqlite3.Connection, begin: int, upto: int) -> int:
    """The first number from `begin` on behind one stretch of ruin; beyond `upto` where there is none.

    In ever longer leaps, then back by halves: what is ruined may be a row, or a branch of a million.
    """
    ruined, at = begin - 1, begin
    while not _is_readable(old, min(at, upto)):
        if at >= upto:
            return upto + 1
        ruined, at = at, at + 2 * (at - begin) + 1
    at = min(at, upto)
    while at - ruined > 1:
        middle = (at + ruined) // 2
        at, ruined = (middle, ruined) if _is_readable(old, middle) else (at, middle)
    return at


def _is_readable(old: sqlite3.Connection, seq: int) -> bool:
    try:
        old.execute(f"{_FROM} LIMIT 1", (seq,)).fetchone()
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return False
    return True


def _farewell(ledger: Ledger) -> Row:
    """Of those that are missing and nobody knows where; the account no longer expects them."""
    missing, ledger.rescue_missing = ledger.rescue_missing, 0
    ledger.corrupt_total += missing
    return row_of(Gap(from_seq=0, to_seq=0, count=missing, reason=Reason.FILE_RUINED))
