"""Rows that are ruined or have vanished, and what head office must be told of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from edge_agent.outbox.gaps import Reason
from edge_agent.outbox.ledger import Ledger
from edge_agent.outbox.room import Room, Run
from edge_agent.outbox.rows import Kind

_A_GAP_WAITS = "SELECT 1 FROM entry WHERE kind = ? AND kind <> 0 LIMIT 1"


class Damage:
    """The number of a ruined row may be wrong itself: missing are all the numbers between the whole rows around it."""

    def __init__(self, after_seq: int) -> None:
        self.seqs: list[int] = []
        self._runs: list[Run] = []
        self._below = after_seq
        self._open: list[int] = []

    def note(self, seq: int) -> None:
        self.seqs.append(seq)
        self._open.append(seq)

    def end(self, seq: int) -> None:
        """A whole row."""
        if self._open:
            self._runs.append(Run(from_seq=self._begin, to_seq=seq - 1, count=len(self._open)))
            self._open = []
        self._below = seq

    def runs(self, upto: int) -> list[Run]:
        """With those behind which there is no whole row up to `upto`."""
        if not self._open:
            return self._runs
        return [*self._runs, Run(from_seq=min(self._begin, upto), to_seq=upto, count=len(self._open))]

    @property
    def _begin(self) -> int:
        return self._below + 1 if self._below else self._open[0]


def close_hole(db: sqlite3.Connection, ledger: Ledger, upto: int) -> None:
    """Head office waits for the number behind `upto`: where no row has it and no gap is under way, for ever."""
    (oldest,) = db.execute("SELECT MIN(seq) FROM entry").fetchone()
    if oldest is None or oldest <= upto + 1 or db.execute(_A_GAP_WAITS, (Kind.GAP,)).fetchone():
        return
    lost = min(oldest - upto - 1, max(0, ledger.waiting - _rows(db, ledger)))
    record_lost(db, ledger, [Run(from_seq=upto + 1, to_seq=oldest - 1, count=lost)], Reason.LOST)


def record_lost(db: sqlite3.Connection, ledger: Ledger, runs: Sequence[Run], reason: Reason) -> None:
    """Inside a transaction of the caller, which writes the ledger."""
    for run in runs:
        Room(db, ledger, None).record_gap(run, reason)
        ledger.corrupt_total += run.count


def _rows(db: sqlite3.Connection, ledger: Ledger) -> int:
    """Counting them takes a while, and is done where something has gone wrong already."""
    (rows,) = db.execute("SELECT COUNT(*) FROM entry WHERE seq <= ?", (ledger.last_seq,)).fetchone()
    return int(rows)
