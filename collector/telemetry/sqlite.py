"""Readings in the collector's own database: one narrow row each, ordered by series and time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from collector.store.database import Database
from collector.store.tables import reading, series
from collector.telemetry.base import Arrival, Sample
from edge_agent.contract.clock import to_ms
from edge_agent.contract.readings import Quality, Reading

SERIES_REMEMBERED = 200_000

# Written in rows for ever: numbers are added, never changed. Good is 0, which takes no room at all.
QUALITY_CODES = {
    Quality.GOOD: 0,
    Quality.NO_ANSWER: 1,
    Quality.BUS_DOWN: 2,
    Quality.REFUSED: 3,
    Quality.PROBE_FAULT: 4,
    Quality.OUT_OF_RANGE: 5,
}
_QUALITIES = {code: quality for quality, code in QUALITY_CODES.items()}
# Handed to the driver as it is, with tuples: through SQLAlchemy's parameters a row costs three times as much.
_INSERT = """INSERT INTO reading (series_id, at, seq, value, word, quality) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING"""

_Key = tuple[str, str, str]


class SqliteTelemetry:
    """A TelemetryStore. `record` is called by one thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: dict[_Key, int] = {}

    def record(self, transaction: Connection, arrivals: Sequence[Arrival]) -> int:
        keys = {(one.store, one.telemetry.device, seen.point) for one in arrivals for seen in one.telemetry.readings}
        ids = self._series(transaction, keys)
        rows = [row for one in arrivals for row in _rows(one, ids)]
        return transaction.exec_driver_sql(_INSERT, rows).rowcount if rows else 0

    def read(
        self, store: str, device: str, points: Sequence[str], since: datetime, until: datetime, limit: int
    ) -> dict[str, list[Sample]]:
        with self._database.reading() as connection:
            here = (series.c.store == store) & (series.c.device == device) & series.c.point.in_(points)
            ids = {row.point: row.id for row in connection.execute(select(series).where(here))}
            return {
                point: list(_samples(connection, ids[point], to_ms(since), to_ms(until), limit)) if point in ids else []
                for point in points
            }

    def count(self) -> int:
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(reading)).scalar_one()

    def _series(self, transaction: Connection, keys: set[_Key]) -> dict[_Key, int]:
        """Ids of all `keys`. Only what was there before this transaction is remembered: the rest may be rolled back."""
        if unknown := keys - self._ids.keys():
            if len(self._ids) > SERIES_REMEMBERED:
                self._ids.clear()
                unknown = keys
            self._ids |= _find(transaction, {(store, device) for store, device, _ in unknown})
        ids = {key: self._ids[key] for key in keys & self._ids.keys()}
        return ids | _add(transaction, keys - ids.keys())


def _find(transaction: Connection, devices: Iterable[tuple[str, str]]) -> dict[_Key, int]:
    found: dict[_Key, int] = {}
    for store, device in devices:
        query = select(series.c.point, series.c.id).where(series.c.store == store, series.c.device == device)
        found |= {(store, device, point): number for point, number in transaction.execute(query)}
    return found


def _add(transaction: Connection, keys: Iterable[_Key]) -> dict[_Key, int]:
    added: dict[_Key, int] = {}
    for store, device, point in sorted(keys):
        row = insert(series).values(store=store, device=device, point=point).returning(series.c.id)
        added[store, device, point] = transaction.execute(row).scalar_one()
    return added


def _rows(arrival: Arrival, ids: dict[_Key, int]) -> Iterator[tuple[int, int, int, float | None, str | None, int]]:
    at = to_ms(arrival.telemetry.at)
    for one in arrival.telemetry.readings:
        series_id = ids[arrival.store, arrival.telemetry.device, one.point]
        word = one.value if isinstance(one.value, str) else None
        yield series_id, at, arrival.seq, _number(one), word, QUALITY_CODES[one.quality]


def _number(one: Reading) -> float | None:
    return None if one.value is None or isinstance(one.value, str) else float(one.value)


def _samples(connection: Connection, series_id: int, since: int, until: int, limit: int) -> Iterator[Sample]:
    query = (
        select(reading.c.at, reading.c.value, reading.c.word, reading.c.quality)
        .where(reading.c.series_id == series_id, reading.c.at.between(since, until))
        .order_by(reading.c.at.desc(), reading.c.seq.desc())
        .limit(limit)
    )
    for row in reversed(connection.execute(query).all()):
        value = row.word if row.value is None else row.value
        yield Sample(at_ms=row.at, value=value, quality=_QUALITIES[row.quality])
