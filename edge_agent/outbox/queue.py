"""The queue of what head office has not confirmed yet, on disk, bounded, and honest about what it had to drop."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from edge_agent.contract.clock import from_ms
from edge_agent.contract.readings import Ack, Body, Gap, OutboxHealth
from edge_agent.outbox.file import (
    Kind,
    Row,
    begin_anew,
    insert,
    is_full,
    is_ruined,
    new_stream,
    open_file,
    row_of,
    ruin,
)

log = logging.getLogger(__name__)

MAX_BYTES = 512 * 1024 * 1024
WINDOW_BYTES = 64 * 1024
WINDOW_ROWS = 200
DROP_AT_MOST = 2000

_LEDGER = """
SELECT entries_total, readings_total, confirmed_total, dropped_total, corrupt_total,
  IFNULL((SELECT seq FROM sqlite_sequence WHERE name = 'entry'), 0) FROM ledger
"""
_PENDING = "SELECT seq, IFNULL(CAST(body AS BLOB), x''), crc FROM entry WHERE seq > ? ORDER BY seq"


class StorageRefused(OSError):
    """Nothing of the call was stored: keep what you have, and try again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxCounters:
    """What went through this stream since its file was made; none of them ever shrinks."""

    entries_total: int
    readings_total: int
    confirmed_total: int
    dropped_total: int
    corrupt_total: int
    last_seq: int

    @property
    def waiting(self) -> int:
        gone = self.confirmed_total + self.dropped_total + self.corrupt_total
        return max(0, self.entries_total - gone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Rows `from_seq`..`to_seq`, of which `count` are to go and no other is left."""

    from_seq: int
    to_seq: int
    count: int


class Outbox:
    """One file, one stream, one thread at a time. Every method raises StorageRefused."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._open()

    def _open(self) -> None:
        self._unsent_gap: tuple[int, Gap] | None = None
        try:
            self._db = open_file(self._path, self._max_bytes)
            self.stream = _stream(self._db)
        except (sqlite3.Error, OSError) as error:
            raise StorageRefused(f"{self._path} cannot be opened: {error}") from error
        self._usable = True

    def close(self) -> None:
        self._db.close()

    def append(self, bodies: Sequence[Body]) -> int:
        """All of them in one commit, or none. Returns the last seq given."""
        rows = [row_of(body) for body in bodies]
        share = 0
        while rows:
            try:
                with self._refusing(), self._transaction():
                    gap = self._drop(share) if share else self._unsent_gap
                    last = insert(self._db, rows)
            except _Full as full:
                share = self._next_share(share, rows, full)
                continue
            self._unsent_gap = gap
            return last
        return self.counters().last_seq

    def pending(
        self, after_seq: int, limit_bytes: int = WINDOW_BYTES, limit_rows: int = WINDOW_ROWS
    ) -> list[tuple[int, bytes]]:
        """The oldest whole entries behind `after_seq`: at least one where there is one, then up to the limits."""
        whole: list[tuple[int, bytes]] = []
        ruined: list[int] = []
        size = 0
        with self._refusing(), closing(self._db.execute(_PENDING, (after_seq,))) as rows:
            for seq, body, crc in rows:
                if seq <= after_seq:
                    raise ruin("the order of the rows is lost")
                after_seq = seq
                if crc32(body) != crc:
                    ruined.append(seq)
                    continue
                size += len(body)
                if whole and (size > limit_bytes or len(whole) >= limit_rows):
                    break
                whole.append((seq, body))
        self._write_off(ruined)
        if whole and self._unsent_gap is not None and self._unsent_gap[0] <= whole[-1][0]:
            self._unsent_gap = None
        return whole

    def confirm(self, ack: Ack) -> int:
        """Forgets what head office has stored, and returns how many rows that were; an ack of another stream none."""
        if ack.stream != self.stream:
            return 0
        if max(ack.upto, *(last for _, last in ack.ranges), 0) > self.counters().last_seq:
            self._renew_stream()
            return 0
        with self._refusing(), self._without_fsync(), self._transaction():
            deleted = self._db.execute("DELETE FROM entry WHERE seq <= ?", (ack.upto,)).rowcount
            for ends in ack.ranges:
                deleted += self._db.execute("DELETE FROM entry WHERE seq BETWEEN ? AND ?", ends).rowcount
            self._db.execute("UPDATE ledger SET confirmed_total = confirmed_total + ?", (deleted,))
        return deleted

    def counters(self) -> OutboxCounters:
        with self._refusing():
            return _counters(self._db)

    def health(self) -> OutboxHealth:
        counters = self.counters()
        with self._refusing():
            oldest = self._db.execute("SELECT at FROM entry WHERE at IS NOT NULL ORDER BY seq LIMIT 1").fetchone()
        return OutboxHealth(
            entries=counters.waiting,
            oldest_at=from_ms(oldest[0]) if oldest else None,
            dropped=counters.dropped_total + counters.corrupt_total,
        )

    def _drop(self, share: int) -> tuple[int, Gap] | None:
        """Makes room by the oldest telemetry, or by statuses that a newer one has replaced. Returns the unsent gap."""
        runs = self._runs(Kind.TELEMETRY, share) or self._runs(Kind.STATUS, share)
        if not runs:
            raise StorageRefused(f"{self._path} is full, and nothing in it may be dropped")
        unsent = self._unsent_gap
        for run in runs:
            self._db.execute("DELETE FROM entry WHERE seq BETWEEN ? AND ?", (run.from_seq, run.to_seq))
            unsent = self._record_gap(run, "full", unsent)
        self._db.execute("UPDATE ledger SET dropped_total = dropped_total + ?", (sum(run.count for run in runs),))
        return unsent

    def _runs(self, kind: Kind, share: int) -> list[Run]:
        newest = self._db.execute("SELECT seq FROM entry WHERE kind = ? ORDER BY seq DESC LIMIT 1", (Kind.STATUS,))
        spared = newest.fetchone()
        with closing(self._db.execute("SELECT seq, kind FROM entry ORDER BY seq")) as rows:
            return runs_to_drop(((seq, found == kind and (seq,) != spared) for seq, found in rows), share)

    def _record_gap(self, run: Run, reason: str, unsent: tuple[int, Gap] | None) -> tuple[int, Gap]:
        """A gap that nobody has seen yet grows; a sent one is history, and a new one is written."""
        gap = Gap(from_seq=run.from_seq, to_seq=run.to_seq, count=run.count, reason=reason)
        if unsent is None or unsent[1].reason != reason or self._rows_between(unsent[1].to_seq, run.from_seq):
            return insert(self._db, [row_of(gap)]), gap
        seq, before = unsent
        gap = Gap(from_seq=before.from_seq, to_seq=run.to_seq, count=before.count + run.count, reason=reason)
        row = row_of(gap)
        self._db.execute("UPDATE entry SET body = ?, crc = ? WHERE seq = ?", (row.body, row.crc, seq))
        return seq, gap

    def _rows_between(self, below: int, above: int) -> bool:
        query = "SELECT 1 FROM entry WHERE seq > ? AND seq < ? LIMIT 1"
        return below >= above or self._db.execute(query, (below, above)).fetchone() is not None

    def _write_off(self, ruined: Sequence[int]) -> None:
        """Turns ruined rows into gaps; where the disk refuses they stay, and are skipped again."""
        if not ruined:
            return
        with suppress(StorageRefused, _Full), self._refusing(), self._transaction():
            for run in runs_to_drop(_with_holes(ruined), len(ruined)):
                self._db.execute("DELETE FROM entry WHERE seq BETWEEN ? AND ?", (run.from_seq, run.to_seq))
                self._record_gap(run, "corrupt", None)
            self._db.execute("UPDATE ledger SET corrupt_total = corrupt_total + ?", (len(ruined),))
        log.error("outbox rows corrupt count=%d first_seq=%d", len(ruined), ruined[0])

    def _renew_stream(self) -> None:
        """The file is an old copy: head office has seen higher numbers of it, which must not be given a second time."""
        with self._refusing(), self._transaction():
            self._db.execute("UPDATE ledger SET stream = ?", (new_stream(),))
        with self._refusing():
            self.stream = _stream(self._db)
        log.error("outbox file is an older copy of itself, new stream begun stream=%s", self.stream)

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
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def _without_fsync(self) -> Iterator[None]:
        """A confirmation lost in a power cut costs a resend; an fsync for each would double the wear of the flash."""
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
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
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
            return _counters(db)
    except sqlite3.Error as error:
        raise StorageRefused(f"{path} cannot be read: {error}") from error


def runs_to_drop(rows: Iterable[tuple[int, bool]], share: int) -> list[Run]:
    """The oldest `share` rows that may go, as runs with no row in between that must stay.

    `rows` has (seq, whether it may go) in the order of seq. A gap tells head office that nothing of its range will
    come, so its range must not hold a row that will.
    """
    runs: list[Run] = []
    adjoins = False
    for seq, may_go in rows:
        if may_go and share == 0:
            break
        if may_go:
            run = runs.pop() if adjoins else Run(from_seq=seq, to_seq=seq, count=0)
            runs.append(Run(from_seq=run.from_seq, to_seq=seq, count=run.count + 1))
            share -= 1
        adjoins = may_go
    return runs


def _with_holes(seqs: Sequence[int]) -> Iterator[tuple[int, bool]]:
    """Each seq as one that goes; a number missing in between may be a row that stays."""
    before = seqs[0] - 1
    for seq in seqs:
        if seq != before + 1:
            yield seq - 1, False
        yield seq, True
        before = seq


def _stream(db: sqlite3.Connection) -> str:
    return str(db.execute("SELECT stream FROM ledger").fetchone()[0])


def _counters(db: sqlite3.Connection) -> OutboxCounters:
    entries, readings, confirmed, dropped, corrupt, last_seq = db.execute(_LEDGER).fetchone()
    return OutboxCounters(
        entries_total=entries,
        readings_total=readings,
        confirmed_total=confirmed,
        dropped_total=dropped,
        corrupt_total=corrupt,
        last_seq=last_seq,
    )
