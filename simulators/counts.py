"""What an agent's outbox sent against what the collector's database has."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from collector.store.database import Database
from collector.telemetry.sqlite import every_reading
from edge_agent.outbox.queue import counters_of


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
    """Both programs must have ended. Raises StorageRefused and TryLater."""
    counters = counters_of(outbox)
    with closing(Database(database)) as opened, opened.reading() as connection:
        kept = [one for one in every_reading(connection) if one.store == store]
    return Counts(
        sent=counters.readings_total,
        stored=len(kept),
        distinct=len({(one.device, one.point, one.seq) for one in kept}),
        instants=len({(one.device, one.point, one.at_ms) for one in kept}),
        waiting=counters.waiting,
    )
