"""How a full outbox makes room: what is worth least goes first, the oldest of it first, and every loss is a gap."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, takewhile

from edge_agent.contract.clock import MILLISECOND
from edge_agent.contract.codec import Undecodable, decode_batch, encode_batch
from edge_agent.contract.readings import Gap, Telemetry
from edge_agent.outbox.gaps import Reason
from edge_agent.outbox.ledger import Ledger
from edge_agent.outbox.rows import MAY_GO, Kind, insert, put, row_crc, row_of
from edge_agent.outbox.thin import Sample, thin

FINE, COARSE = timedelta(minutes=5), timedelta(minutes=15)
RECENT = timedelta(hours=2)
"""Telemetry this much younger than the newest is never thinned: rules are judging it, or soon will be."""

THIN_ROWS = 2000
THIN_PASSES = 5
"""So many rows are looked at, so many times, before a commit goes on: it must not take seconds."""

_NEWEST_STATUS = "SELECT seq FROM entry WHERE kind = ? AND kind <> 0 ORDER BY seq DESC LIMIT 1"
_STATUSES = "SELECT seq FROM entry WHERE kind = ? AND kind <> 0 ORDER BY seq"
_STORED = (
    "SELECT seq, kind, CAST(at AS INTEGER), readings, crc, CAST(body AS BLOB) FROM entry "
    "WHERE seq > ? ORDER BY seq LIMIT ?"
)
_NEWEST_AT = "SELECT CAST(at AS INTEGER) FROM entry WHERE at IS NOT NULL ORDER BY seq DESC LIMIT 1"

_Stored = tuple[int, int, int | None, int, int, bytes]
UnsentGap = tuple[int, Gap] | None
"""A gap that nobody has seen yet, and its number: it may grow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Rows `from_seq`..`to_seq`, of which `count` are to go and no other is left."""

    from_seq: int
    to_seq: int
    count: int


Gone = list[tuple[Run, Reason]]


class Room:
    """Room in one file, within one transaction of the caller, which writes the ledger."""

    def __init__(self, db: sqlite3.Connection, ledger: Ledger, unsent: UnsentGap) -> None:
        self._db = db
        self._ledger = ledger
        self.unsent = unsent

    def make(self, share: int, *, thin: bool) -> bool:
        """Parts with `share` rows or more where it can; False where nothing may go."""
        of_telemetry = (self._thin, self._drop_oldest) if thin else (self._drop_oldest,)
        ways = {Kind.STATUS: (self._drop_superseded,), Kind.TELEMETRY: of_telemetry}
        gone: Gone = []
        for way in chain.from_iterable(ways[kind] for kind in MAY_GO):
            missing = share - sum(run.count for run, _ in gone)
            if missing > 0:
                gone += way(missing)
        for run, reason in gone:  # only now: the rows of gaps need room themselves
            self.record_gap(run, reason)
        self._ledger.dropped_total += sum(run.count for run, _ in gone)
        return bool(gone)

    def _drop_superseded(self, share: int) -> Gone:
        newest = self._db.execute(_NEWEST_STATUS, (Kind.STATUS,)).fetchone()
        with closing(self._db.execute(_STATUSES, (Kind.STATUS,))) as rows:
            going = [seq for (seq,), _ in zip(rows, range(share), strict=False) if (seq,) != newest]
        return self._drop([Run(from_seq=seq, to_seq=seq, count=1) for seq in going], Reason.SUPERSEDED)

    def _drop_oldest(self, share: int) -> Gone:
        with closing(self._db.execute("SELECT seq, kind FROM entry ORDER BY seq")) as rows:
            runs = runs_to_drop(((seq, kind == Kind.TELEMETRY) for seq, kind in rows), share)
        return self._drop(runs, Reason.FULL)

    def _thin(self, share: int) -> Gone:
        """Blocks of five minutes; when all that is old enough is that sparse, blocks of a quarter of an hour."""
        gone: Gone = []
        for _ in range(THIN_PASSES):
            mark, block = "thinned_fine", FINE
            rows = self._old_rows(self._ledger.thinned_fine, FINE)
            if not rows:
                mark, block = "thinned_coarse", COARSE
                rows = self._old_rows(self._ledger.thinned_coarse, COARSE)
            if not rows or sum(run.count for run, _ in gone) >= share:
                break
            setattr(self._ledger, mark, rows[-1][0])
            gone += self._merge(rows, block)
        return gone

    def _old_rows(self, after_seq: int, block: timedelta) -> list[_Stored]:
        """The next rows, of whole blocks as far as one look goes, and none that is young."""
        (newest,) = self._db.execute(_NEWEST_AT).fetchone() or (0,)
        with closing(self._db.execute(_STORED, (after_seq, THIN_ROWS))) as found:
            rows: list[_Stored] = list(takewhile(lambda row: (row[2] or 0) < newest - _ms(RECENT), found))
        blocks = [(at or 0) // _ms(block) for _, _, at, *_ in rows]
        if len(rows) < THIN_ROWS or blocks[-1] not in blocks[1:] or blocks[0] == blocks[-1]:
            return rows
        return rows[: blocks.index(blocks[-1])]

    def _merge(self, rows: Sequence[_Stored], block: timedelta) -> Gone:
        samples = _samples(rows)
        left = thin(samples, block)
        gone = {seq for seq, _ in samples} - left.keys()
        dropped = self._drop(runs_to_drop(((row[0], row[0] in gone) for row in rows), len(gone)), Reason.THINNED)
        merged = [(seq, left[seq]) for seq, telemetry in samples if left.get(seq, telemetry) != telemetry]
        self._db.executemany("DELETE FROM entry WHERE seq = ?", ((seq,) for seq, _ in merged))
        for seq, telemetry in merged:  # only now: what is longer than before needs room itself
            put(self._db, seq, row_of(telemetry))
        return dropped

    def _drop(self, runs: Iterable[Run], reason: Reason) -> Gone:
        gone = [(run, reason) for run in runs]
        for run, _ in gone:
            self._db.execute("DELETE FROM entry WHERE seq BETWEEN ? AND ?", (run.from_seq, run.to_seq))
        return gone

    def record_gap(self, run: Run, reason: Reason) -> None:
        """A gap that nobody has seen yet grows; a sent one is history, and a new one is written."""
        gap = Gap(from_seq=run.from_seq, to_seq=run.to_seq, count=run.count, reason=reason)
        unsent = self.unsent
        if unsent is None or unsent[1].reason != reason or self._rows_between(unsent[1].to_seq, run.from_seq):
            self.unsent = insert(self._db, self._ledger, [row_of(gap)]), gap
            return
        seq, before = unsent
        gap = Gap(from_seq=before.from_seq, to_seq=run.to_seq, count=before.count + run.count, reason=reason)
        self._db.execute("DELETE FROM entry WHERE seq = ?", (seq,))
        put(self._db, seq, row_of(gap))
        self.unsent = seq, gap

    def _rows_between(self, below: int, above: int) -> bool:
        query = "SELECT 1 FROM entry WHERE seq > ? AND seq < ? LIMIT 1"
        return below >= above or self._db.execute(query, (below, above)).fetchone() is not None


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


def _samples(rows: Iterable[_Stored]) -> list[Sample]:
    """The telemetry among them that is whole; where one is written in words of another version, none."""
    whole = [
        (seq, body)
        for seq, kind, at, readings, crc, body in rows
        if kind == Kind.TELEMETRY and body and row_crc(seq, kind, at, readings, body) == crc
    ]
    with suppress(Undecodable):
        entries = decode_batch("", encode_batch("", whole)).entries
        return [(entry.seq, entry.body) for entry in entries if isinstance(entry.body, Telemetry)]
    return []


def _ms(duration: timedelta) -> int:
    return duration // MILLISECOND
