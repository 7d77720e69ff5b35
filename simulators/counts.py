"""What an agent's outbox sent against what the collector's database has."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edge_agent.outbox.queue import counters_of

_STORED = """
SELECT count(*), count(DISTINCT series_id || ' ' || seq), count(DISTINCT series_id || ' ' || at) FROM reading
JOIN series ON series.id = reading.series_id WHERE series.store = ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Readings. `waiting` are entries (whole polls) that head office has not confirmed."""

    sent: int
    stored: int
    distinct: int
    instants: int
    waiting: int

    @property
    def lost(self) -> int:
        """Sent and not stored, whether on the way, dropped or still in the outbox. Below 0: stored and never sent."""
        return self.sent - self.distinct

    @property
    def duplicates(self) -> int:
        """Rows that say again what another row says: of the same entry, or of the same instant."""
        return (self.stored - self.distinct) + (self.stored - self.instants)


def count(outbox: Path, database: Path, store: str) -> Counts:
    """Both programs must have ended. Raises StorageRefused and sqlite3.Error."""
    counters = counters_of(outbox)
    with closing(sqlite3.connect(database)) as connection:
        stored, distinct, instants = connection.execute(_STORED, (store,)).fetchone()
    return Counts(
        sent=counters.readings_total, stored=stored, distinct=distinct, instants=instants, waiting=counters.waiting
    )
