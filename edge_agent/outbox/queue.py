"""The queue of what head office has not confirmed yet, on disk, bounded, and honest about what it had to drop."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

from edge_agent.contract.readings import Ack, Body, OutboxHealth
from edge_agent.outbox.damage import Damage, close_hole, record_lost
from edge_agent.outbox.file import file_bytes, is_full, is_ruined, limit, ruin
from edge_agent.outbox.gaps import Reason
from edge_agent.outbox.ledger import (
    Ledger,
    LedgerRuined,
    OutboxCounters,
    counters_in,
    new_stream,
    read_ledger,
    write_ledger,
)
from edge_agent.outbox.rescue import (
    Stored,
    begin_anew,
    bytes_of_ruin,
    forget,
    next_part,
    open_file,
    ruin_of,
    salvage,
    set_aside,
    take_over,
)
from edge_agent.outbox.room import Room, Run, UnsentGap
from edge_agent.outbox.rows import Kind, insert, row_crc, row_of
from edge_agent.outbox.search import IsSo, first_where, newest_of, oldest_of
from edge_agent.outbox.wear import bound, bytes_free, bytes_written

log = logging.getLogger(__name__)

MAX_BYTES = 512 * 1024 * 1024
WINDOW_BYTES = 64 * 1024
WINDOW_ROWS = 200
DROP_AT_MOST = 2000
HIGHEST = 2**62
PART_ROWS = 2000
"""Rows of a ruined file that one commit takes over: a live one waits so long."""


_PENDING = (
    "SELECT seq, kind, at, readings, crc, IFNULL(CAST(body AS BLOB), x'') FROM entry "
    "WHERE seq > ? AND seq < ? ORDER BY seq"
)


class StorageRefused(OSError):
    """Nothing of the call was stored: keep what you have, and try again later."""


class Outbox:
    """One file, one stream, one thread at a time. Every method raises StorageRefused.

    While it is `rescuing`, rows of a ruined file are still to be taken over, by `rescue_on`, and none are given out:
    what is read of a stream is to be in order. What is new is taken all the same.

    `free` answers what the disk of a folder has left, `written` what this process has had written, both in bytes.
    """

    def __init__(
        self,
        path: Path,
        max_bytes: int = MAX_BYTES,
        *,
        free: Callable[[Path], int] = bytes_free,
        written: Callable[[], int] = bytes_written,
    ) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._free = free
        self._written = written
        self._written_before = written()
        self._salvaged: Generator[Stored | Run, None, None] | None = None
        self._open()

    def _open(self) -> None:
        self._unsent_gap: UnsentGap = None
        self._upto: int | None = None
        try:
            self._db = open_file(self._path, self._max_bytes)
            ledger = read_ledger(self._db)
        except (sqlite3.Error, OSError) as error:
            raise StorageRefused(f"{self._path} cannot be opened: {error}") from error
        self.stream, self.rescuing = ledger.stream, ledger.rescuing
        self._usable = True

    def close(self) -> None:
        self._end_salvage()
        self._db.close()

    def append(self, bodies: Sequence[Body], acks: Sequence[Ack] = ()) -> int:
        """All of them in one commit, or none; what `acks` confirm is forgotten in the same. Returns the last seq.

        Without bodies nothing is synced: a confirmation lost in a power cut costs a resend, an fsync wears the flash.
        """
        rows = [row_of(body) for body in bodies]
        if not rows:
            self._confirm_all(acks)
            return self.counters().last_seq
        self._keep_below_free_space()
        return self._store([len(row.body) for row in rows], lambda ledger: insert(self._db, ledger, rows), acks)

    def rescue_on(self) -> None:
        """Some more rows of the ruined file, in one commit. What a full disk cannot take of them is lost."""
        if not self.rescuing:
            return
        try:
            self._take_over()
        except _Full:
            self._end_salvage()
            forget(ruin_of(self._path))
        except StorageRefused:
            self._end_salvage()
            raise

    def pending(
        self,
        after_seq: int,
        limit_bytes: int = WINDOW_BYTES,
        limit_rows: int = WINDOW_ROWS,
        before_seq: int = HIGHEST,
    ) -> list[tuple[int, bytes]]:
        """The oldest whole entries between the two numbers: at least one where there is one, then up to the limits."""
        whole: list[tuple[int, bytes]] = []
        damaged = Damage(after_seq)
        size = 0
        with self._giving_out(), closing(self._db.execute(_PENDING, (after_seq, before_seq))) as rows:
            for seq, kind, at, readings, crc, body in rows:
                if seq <= after_seq:
                    raise ruin("the order of the rows is lost")
                after_seq = seq
                if row_crc(seq, kind, at, readings, body) != crc:
                    damaged.note(seq)
                    continue
                damaged.end(seq)
                size += len(body)
                if whole and (size > limit_bytes or len(whole) >= limit_rows):
                    break
                whole.append((seq, body))
        self._write_off(damaged, before_seq - 1)
        if whole and self._unsent_gap is not None and self._unsent_gap[0] <= whole[-1][0]:
            self._unsent_gap = None
        return whole

    def newest_status(self) -> tuple[int, bytes] | None:
        with self._giving_out():
            return newest_of(self._db, Kind.STATUS, read_ledger(self._db).last_seq)

    def first_where(self, is_so: IsSo) -> int:
        """As `search.first_where`."""
        with self._giving_out():
            return first_where(self._db, is_so, read_ledger(self._db).last_seq)

    def confirm(self, ack: Ack) -> int:
        """Forgets what head office has stored, and returns how many rows that were; an ack of another stream none."""
        return self._confirm_all([ack])

    def counters(self) -> OutboxCounters:
        with self._refusing():
            return counters_in(read_ledger(self._db))

    def health(self) -> OutboxHealth:
        with self._refusing():
            ledger = read_ledger(self._db)
            oldest_at = oldest_of(self._db)
        return OutboxHealth(
            entries=ledger.waiting,
            oldest_at=oldest_at,
            dropped=ledger.dropped_total + ledger.corrupt_total,
            commits=ledger.commits_total,
            written_bytes=ledger.written_total,
        )

    def _store(self, sizes: Sequence[int], write: Callable[[Ledger], object], acks: Sequence[Ack] = ()) -> int:
        """In one commit, making room where there is none; `sizes` are the bytes of the bodies. Returns the last seq."""
        share, thin = 0, True
        while True:
            try:
                return self._store_with(share, write, acks, thin=thin)
            except _Full as full:
                thin = share == 0  # once: where merging was not enough, or had no room itself, whole entries go
                share = self._next_share(share, sizes, full)

    def _store_with(self, share: int, write: Callable[[Ledger], object], acks: Sequence[Ack], *, thin: bool) -> int:
        with self._refusing(), self._transaction() as ledger:
            self._forget(ledger, acks)
            room = Room(self._db, ledger, self._unsent_gap)
            if share and not room.make(share, thin=thin):
                raise _Full(f"{self._path} is full, and nothing in it may be dropped")
            write(ledger)
        self._unsent_gap = room.unsent
        return ledger.last_seq

    def _take_over(self) -> None:
        with self._refusing():
            ledger = read_ledger(self._db)
        if self._salvaged is None:
            self._salvaged = salvage(ruin_of(self._path), ledger.rescued_upto, ledger.rescue_upto)
        part = next_part(self._salvaged, ledger.rescue_upto, PART_ROWS)
        self._keep_below_free_space()
        self._store([len(row[-1]) for row in part.rows], partial(take_over, self._db, part=part))
        if not self.rescuing:
            self._end_salvage()
            set_aside(self._path)

    def _end_salvage(self) -> None:
        """Where it is taken up again, it goes on behind what was committed."""
        if self._salvaged is not None:
            self._salvaged.close()
            self._salvaged = None

    def _confirm_all(self, acks: Sequence[Ack]) -> int:
        if not acks:
            return 0
        with self._refusing(), self._without_fsync(), self._transaction() as ledger:
            return self._forget(ledger, acks)

    def _forget(self, ledger: Ledger, acks: Sequence[Ack]) -> int:
        deleted = 0
        for ack in acks:
            if ack.stream != ledger.stream:
                continue
            if max(ack.upto, *(last for _, last in ack.ranges), 0) > ledger.last_seq:
                self._renew_stream(ledger)
                break
            for ends in ((0, ack.upto), *ack.ranges):
                deleted += self._db.execute("DELETE FROM entry WHERE seq BETWEEN ? AND ?", ends).rowcount
            self._upto = max(self._upto or 0, ack.upto)
        ledger.confirmed_total += deleted
        if self._upto is not None and not ledger.rescuing:
            close_hole(self._db, ledger, self._upto)
        return deleted

    def _write_off(self, damage: Damage, upto: int) -> None:
        """Turns ruined rows into gaps; where the disk refuses they stay, and are skipped again."""
        if not damage.seqs:
            return
        with suppress(StorageRefused, _Full), self._refusing(), self._transaction() as ledger:
            for seq in damage.seqs:
                self._db.execute("DELETE FROM entry WHERE seq = ?", (seq,))
            record_lost(self._db, ledger, damage.runs(min(upto, ledger.last_seq)), Reason.CORRUPT)
        log.error("outbox rows corrupt count=%d first_seq=%d", len(damage.seqs), damage.seqs[0])

    def _renew_stream(self, ledger: Ledger) -> None:
        """The file is an old copy: head office has seen higher numbers of it, which must not be given a second time."""
        ledger.stream = new_stream()
        log.error("outbox file is an older copy of itself, new stream begun stream=%s", ledger.stream)

    def _keep_below_free_space(self) -> None:
        with self._refusing(), suppress(OSError):
            ours = file_bytes(self._db) + (bytes_of_ruin(self._path) if self.rescuing else 0)
            limit(self._db, bound(ours, self._free(self._path.parent), self._max_bytes))

    def _next_share(self, share: int, sizes: Sequence[int], full: _Full) -> int:
        waiting = self.counters().waiting
        if share > waiting or (share == 0 and not self._nears_its_bound(sizes)):
            raise _Full(f"{self._path}: {full}") from full
        return share * 2 if share else max(1, min(DROP_AT_MOST, waiting // 64))

    def _nears_its_bound(self, sizes: Sequence[int]) -> bool:
        """Whether it is the file that is full and not the disk, where deleting would be refused as well."""
        words = ("page_count", "page_size", "max_page_count")
        with self._refusing():
            pages, size, bound = (int(self._db.execute(f"PRAGMA {word}").fetchone()[0]) for word in words)
        return pages + sum(sizes) * 2 // size + 2 * len(sizes) + 8 >= bound

    @contextmanager
    def _transaction(self) -> Iterator[Ledger]:
        """Commits with the ledger as it then stands; `stream` is that of the last commit."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            ledger = read_ledger(self._db)
            yield ledger
            ledger.commits_total += 1
            written = self._written()
            ledger.written_total += max(0, written - self._written_before)
            write_ledger(self._db, ledger)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
            raise
        self._written_before, self.rescuing = written, ledger.rescuing
        if ledger.stream != self.stream:
            self.stream, self._upto = ledger.stream, None

    @contextmanager
    def _giving_out(self) -> Iterator[None]:
        with self._refusing():
            if self.rescuing:
                raise StorageRefused(f"{self._path}: the rows of a ruined file are still being taken over")
            yield

    @contextmanager
    def _without_fsync(self) -> Iterator[None]:
        self._db.execute("PRAGMA synchronous = NORMAL")
        try:
            yield
        finally:
            self._db.execute("PRAGMA synchronous = FULL")

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        if not self._usable:
            self._open()
        try:
            yield
        except (sqlite3.DatabaseError, UnicodeDecodeError, LedgerRuined) as error:
            if is_full(error):
                raise _Full(str(error)) from error
            if is_ruined(error):
                self._begin_anew(error)
            raise StorageRefused(f"{self._path}: {error}") from error

    def _begin_anew(self, error: Exception) -> None:
        self._usable = False
        self.close()
        with suppress(sqlite3.Error, OSError):
            begin_anew(self._path, self._max_bytes, error).close()
            self._open()


class _Full(StorageRefused):
    """The file has reached its bound, or the disk has none left."""


def counters_of(path: Path) -> OutboxCounters:
    """The counters of a file that another process may be writing. Raises StorageRefused."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return counters_in(read_ledger(db))
    except (sqlite3.Error, LedgerRuined) as error:
        raise StorageRefused(f"{path} cannot be read: {error}") from error
