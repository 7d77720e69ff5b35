"""The queue of what head office has not confirmed yet, on disk, bounded, and honest about what it had to drop."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from edge_agent.contract.clock import from_ms
from edge_agent.contract.readings import Ack, Body, OutboxHealth
from edge_agent.outbox.damage import Damage
from edge_agent.outbox.file import file_bytes, is_full, is_ruined, limit, ruin
from edge_agent.outbox.gaps import Reason
from edge_agent.outbox.ledger import Ledger, LedgerRuined, new_stream, read_ledger, write_ledger
from edge_agent.outbox.rescue import begin_anew, open_file
from edge_agent.outbox.room import Room, Run, UnsentGap
from edge_agent.outbox.rows import Kind, Row, insert, row_crc, row_of
from edge_agent.outbox.search import IsSo, first_where, newest_of
from edge_agent.outbox.wear import bound, bytes_free, bytes_written

log = logging.getLogger(__name__)

MAX_BYTES = 512 * 1024 * 1024
WINDOW_BYTES = 64 * 1024
WINDOW_ROWS = 200
DROP_AT_MOST = 2000
HIGHEST = 2**62

_PENDING = (
    "SELECT seq, kind, at, readings, crc, IFNULL(CAST(body AS BLOB), x'') FROM entry "
    "WHERE seq > ? AND seq < ? ORDER BY seq"
)
_OLDEST_AT = "SELECT at FROM entry WHERE at IS NOT NULL ORDER BY seq LIMIT 1"
_A_GAP_WAITS = "SELECT 1 FROM entry WHERE kind = ? AND kind <> 0 LIMIT 1"


class StorageRefused(OSError):
    """Nothing of the call was stored: keep what you have, and try again later."""


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


class Outbox:
    """One file, one stream, one thread at a time. Every method raises StorageRefused.

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
        self._open()

    def _open(self) -> None:
        self._unsent_gap: UnsentGap = None
        self._upto: int | None = None
        try:
            self._db = open_file(self._path, self._max_bytes)
            self.stream = read_ledger(self._db).stream
        except (sqlite3.Error, OSError) as error:
            raise StorageRefused(f"{self._path} cannot be opened: {error}") from error
        self._usable = True

    def close(self) -> None:
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
        share, thin = 0, True
        while True:
            try:
                return self._append(rows, acks, share, thin)
            except _Full as full:
                thin = share == 0  # once: where merging was not enough, or had no room itself, whole entries go
                share = self._next_share(share, rows, full)

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
        with self._refusing(), closing(self._db.execute(_PENDING, (after_seq, before_seq))) as rows:
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
        with self._refusing():
            return newest_of(self._db, Kind.STATUS, read_ledger(self._db).last_seq)

    def first_where(self, is_so: IsSo) -> int:
        """As `search.first_where`."""
        with self._refusing():
            return first_where(self._db, is_so, read_ledger(self._db).last_seq)

    def confirm(self, ack: Ack) -> int:
        """Forgets what head office has stored, and returns how many rows that were; an ack of another stream none."""
        return self._confirm_all([ack])

    def counters(self) -> OutboxCounters:
        with self._refusing():
            return _counters(read_ledger(self._db))

    def health(self) -> OutboxHealth:
        with self._refusing():
            ledger = read_ledger(self._db)
            oldest = self._db.execute(_OLDEST_AT).fetchone()
        return OutboxHealth(
            entries=ledger.waiting,
            oldest_at=from_ms(oldest[0]) if oldest else None,
            dropped=ledger.dropped_total + ledger.corrupt_total,
            commits=ledger.commits_total,
            written_bytes=ledger.written_total,
        )

    def _append(self, rows: Sequence[Row], acks: Sequence[Ack], share: int, thin: bool) -> int:
        with self._refusing(), self._transaction() as ledger:
            self._forget(ledger, acks)
            room = Room(self._db, ledger, self._unsent_gap)
            if share and not room.make(share, thin=thin):
                raise StorageRefused(f"{self._path} is full, and nothing in it may be dropped")
            last = insert(self._db, ledger, rows)
        self._unsent_gap = room.unsent
        return last

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
        self._close_hole(ledger)
        return deleted

    def _close_hole(self, ledger: Ledger) -> None:
        """Head office waits for the number behind `upto`: where no row has it and no gap is under way, for ever."""
        (oldest,) = self._db.execute("SELECT MIN(seq) FROM entry").fetchone()
        upto = self._upto
        if upto is None or oldest is None or oldest <= upto + 1:
            return
        if self._db.execute(_A_GAP_WAITS, (Kind.GAP,)).fetchone():
            return
        lost = min(oldest - upto - 1, max(0, ledger.waiting - self._rows(ledger)))
        self._record_lost(ledger, [Run(from_seq=upto + 1, to_seq=oldest - 1, count=lost)], Reason.LOST)

    def _rows(self, ledger: Ledger) -> int:
        """Counting them takes a while, and is done where something has gone wrong already."""
        (rows,) = self._db.execute("SELECT COUNT(*) FROM entry WHERE seq <= ?", (ledger.last_seq,)).fetchone()
        return int(rows)

    def _write_off(self, damage: Damage, upto: int) -> None:
        """Turns ruined rows into gaps; where the disk refuses they stay, and are skipped again."""
        if not damage.seqs:
            return
        with suppress(StorageRefused, _Full), self._refusing(), self._transaction() as ledger:
            for seq in damage.seqs:
                self._db.execute("DELETE FROM entry WHERE seq = ?", (seq,))
            self._record_lost(ledger, damage.runs(min(upto, ledger.last_seq)), Reason.CORRUPT)
        log.error("outbox rows corrupt count=%d first_seq=%d", len(damage.seqs), damage.seqs[0])

    def _record_lost(self, ledger: Ledger, runs: Sequence[Run], reason: Reason) -> None:
        for run in runs:
            Room(self._db, ledger, None).record_gap(run, reason)
            ledger.corrupt_total += run.count

    def _renew_stream(self, ledger: Ledger) -> None:
        """The file is an old copy: head office has seen higher numbers of it, which must not be given a second time."""
        ledger.stream = new_stream()
        log.error("outbox file is an older copy of itself, new stream begun stream=%s", ledger.stream)

    def _keep_below_free_space(self) -> None:
        with self._refusing(), suppress(OSError):
            limit(self._db, bound(file_bytes(self._db), self._free(self._path.parent), self._max_bytes))

    def _next_share(self, share: int, rows: Sequence[Row], full: _Full) -> int:
        waiting = self.counters().waiting
        if share > waiting or (share == 0 and not self._nears_its_bound(rows)):
            raise StorageRefused(f"{self._path}: {full}") from full
        return share * 2 if share else max(1, min(DROP_AT_MOST, waiting // 64))

    def _nears_its_bound(self, rows: Sequence[Row]) -> bool:
        """Whether it is the file that is full and not the disk, where deleting would be refused as well."""
        words = ("page_count", "page_size", "max_page_count")
        with self._refusing():
            pages, size, bound = (int(self._db.execute(f"PRAGMA {word}").fetchone()[0]) for word in words)
        return pages + sum(len(row.body) for row in rows) * 2 // size + 2 * len(rows) + 8 >= bound

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
        self._written_before = written
        if ledger.stream != self.stream:
            self.stream, self._upto = ledger.stream, None

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
        self._db.close()
        with suppress(sqlite3.Error, OSError):
            begin_anew(self._path, self._max_bytes, error).close()
            self._open()


class _Full(StorageRefused):
    """The file has reached its bound, or the disk has none left."""


def counters_of(path: Path) -> OutboxCounters:
    """The counters of a file that another process may be writing. Raises StorageRefused."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return _counters(read_ledger(db))
    except (sqlite3.Error, LedgerRuined) as error:
        raise StorageRefused(f"{path} cannot be read: {error}") from error


def _counters(ledger: Ledger) -> OutboxCounters:
    return OutboxCounters(
        entries_total=ledger.entries_total,
        readings_total=ledger.readings_total,
        confirmed_total=ledger.confirmed_total,
        dropped_total=ledger.dropped_total,
        corrupt_total=ledger.corrupt_total,
        last_seq=ledger.last_seq,
        commits_total=ledger.commits_total,
        written_total=ledger.written_total,
    )
