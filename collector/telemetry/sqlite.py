"""Readings in the collector's own database: polls in a log, older ones in compressed blocks with their roll-ups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from collector.store.database import Database
from collector.store.tables import block, point, poll, source
from collector.telemetry import shelf
from collector.telemetry.base import Arrival, Chart, Sample, Span, Stock
from collector.telemetry.block import (
    QUALITIES,
    QUALITY_CODES,
    Poll,
    encode_body,
    in_order,
    open_block,
    plain,
    polls_of,
    track,
)
from collector.telemetry.columns import unpack_run
from collector.telemetry.fold import fold, hour_of, only
from collector.telemetry.names import Names, find_points, find_source
from collector.telemetry.rollup import Bucket, widen
from collector.telemetry.sealing import Hours, retire_some, seal_some
from collector.telemetry.shelf import HOUR_MS, LENGTHS_MS, Place
from collector.telemetry.steps import DEFAULT_KEEP, HOUR, WIDTHS, Keep, Level, choose_step
from collector.telemetry.summary import open_summary
from edge_agent.contract.clock import MILLISECOND, to_ms
from edge_agent.contract.readings import Quality

_Reading = tuple[int, int, float | str | None, int]
"""Instant, number, value and code of quality."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One reading as it is kept."""

    store: str
    device: str
    point: str
    at_ms: int
    seq: int
    value: float | str | None
    quality: Quality


class SqliteTelemetry:
    """A TelemetryStore. `record` is called by one thread, `work` by one, the others by any."""

    def __init__(self, database: Database, keep: Keep = DEFAULT_KEEP) -> None:
        self._database = database
        self._keep = keep
        self._names = Names()
        self._retired_at: datetime | None = None
        self._unreadable: set[Hours] = set()

    def record(self, transaction: Connection, arrivals: Sequence[Arrival]) -> int:
        self._names.begin()
        rows: dict[tuple[int, int, int], shelf.Row] = {}
        for arrival in arrivals:
            if arrival.telemetry.readings:
                row = self._row(transaction, arrival)
                rows.setdefault(row[1:4], row)
        shelf.append(transaction, list(rows.values()))
        return sum(row[4] for row in rows.values())

    def read(self, store: str, device: str, points: Sequence[str], span: Span) -> dict[str, list[Sample]]:
        with self._database.reading() as connection:
            source_id, ids = find_source(connection, (store, device)), find_points(connection, points)
            if source_id is None:
                return {name: [] for name in points}
            return {name: _samples(connection, source_id, ids.get(name), span) for name in points}

    def chart(self, store: str, device: str, points: Sequence[str], span: Span, now: datetime) -> Chart:
        level, step = choose_step(span.since, span.until, span.most, now, self._keep)
        with self._database.reading() as connection:
            source_id, ids = find_source(connection, (store, device)), find_points(connection, points)
            found = {
                name: _buckets(connection, level, source_id, ids[name], span)
                if source_id is not None and name in ids
                else []
                for name in points
            }
        width_ms = step // MILLISECOND
        wide = {name: widen(buckets, width_ms) if step > WIDTHS[level] else buckets for name, buckets in found.items()}
        return Chart(step=step, points=wide)

    def count(self) -> int:
        with self._database.reading() as connection:
            logged = connection.execute(select(func.coalesce(func.sum(poll.c.readings), 0))).scalar_one()
            query = select(func.coalesce(func.sum(block.c.readings), 0)).where(block.c.level == int(Level.RAW))
            return int(logged) + int(connection.execute(query).scalar_one())

    def work(self, now: datetime) -> bool:
        hourly = self._retired_at is None or abs(now - self._retired_at) >= HOUR
        if hourly and retire_some(self._database, now, self._keep):  # first: the disk ends, whatever is to be sealed
            return True
        if seal_some(self._database, now, self._unreadable, ahead=hourly):
            return True
        if hourly:
            self._retired_at = now
        return False

    def stock(self) -> Stock:
        with self._database.reading() as connection:
            return Stock(waiting=int(connection.execute(select(func.count()).select_from(poll)).scalar_one()))

    def close(self) -> None:
        """The database is the caller's."""

    def _row(self, transaction: Connection, arrival: Arrival) -> shelf.Row:
        names, telemetry = self._names, arrival.telemetry
        device, readings = (arrival.store, telemetry.device), telemetry.readings
        try:
            source_id, points = names.sources[device], [names.points[one.point] for one in readings]
        except KeyError:
            names.learn(transaction, device, [one.point for one in readings])
            source_id, points = names.sources[device], [names.points[one.point] for one in readings]
        values = [one.value for one in readings]
        codes = bytes([QUALITY_CODES[one.quality] for one in readings]) if None in values else b""
        at_ms = to_ms(telemetry.at)
        return at_ms // HOUR_MS, source_id, at_ms, arrival.seq, len(readings), encode_body(points, values, codes)


def every_reading(connection: Connection) -> Iterator[Kept]:
    """All that is kept, device by device and in order, also what stands in the log twice; for those who count."""
    points = {row.id: row.name for row in connection.execute(select(point))}
    for source_id, store, device in connection.execute(select(source)).all():
        for window in _windows(connection, Level.RAW, source_id, -HOUR_MS, 1 << 50):
            for one in sorted(_polls(connection, source_id, window), key=lambda one: (one.at_ms, one.seq)):
                codes = one.codes or bytes(len(one.points))
                for point_id, value, code in zip(one.points, one.values, codes, strict=True):
                    yield Kept(
                        store=store,
                        device=device,
                        point=points[point_id],
                        at_ms=one.at_ms,
                        seq=one.seq,
                        value=plain(value),
                        quality=QUALITIES[code],
                    )


def _windows(connection: Connection, level: Level, source_id: int, since: int, until: int) -> list[int]:
    """Windows of the level, oldest first, that have anything of the device between two instants (ms)."""
    length = LENGTHS_MS[level]
    sealed = shelf.sealed(connection, level, source_id, since // length, until // length)
    logged = shelf.logged(connection, source_id, since // HOUR_MS, until // HOUR_MS)
    return sorted({*sealed, *(hour * HOUR_MS // length for hour in logged)})


def _polls(connection: Connection, source_id: int, window: int) -> list[Poll]:
    standing = shelf.find(connection, Place(Level.RAW, source_id, window))
    new, _ = shelf.polls(connection, source_id, window)
    return [*(polls_of(open_block(standing.body)) if standing else []), *new]


def _samples(connection: Connection, source_id: int, point_id: int | None, span: Span) -> list[Sample]:
    """Hour by hour back from the newest, until there are enough."""
    if point_id is None:
        return []
    since, until = to_ms(span.since), to_ms(span.until)
    hours: list[list[_Reading]] = []
    for window in reversed(_windows(connection, Level.RAW, source_id, since, until)):
        hour = _readings(connection, source_id, window, point_id)
        inside = since <= window * HOUR_MS and (window + 1) * HOUR_MS <= until
        hours.append(hour if inside else [one for one in hour if since <= one[0] <= until])
        if sum(map(len, hours)) >= span.most:
            break
    newest = [reading for hour in reversed(hours) for reading in hour][-span.most :]
    return [Sample(at_ms=at, value=value, quality=QUALITIES[code]) for at, _, value, code in newest]


def _readings(connection: Connection, source_id: int, window: int, point_id: int) -> list[_Reading]:
    """One point's in one hour, in order."""
    standing = shelf.find(connection, Place(Level.RAW, source_id, window))
    found = _sealed_readings(standing.body, point_id) if standing else []
    new, _ = shelf.polls(connection, source_id, window)
    if not new:
        return found
    there = {reading[:2] for reading in found}
    late = [
        (one.at_ms, one.seq, plain(one.values[0]), one.codes[0] if one.codes else 0)
        for one in in_order(only(new, point_id))
        if (one.at_ms, one.seq) not in there
    ]
    return sorted([*found, *late], key=lambda reading: reading[:2])


def _sealed_readings(body: bytes, point_id: int) -> list[_Reading]:
    opened = open_block(body)
    column = next((one for one in opened.columns if one.point == point_id), None)
    if column is None:
        return []
    at_ms, seqs = unpack_run(opened.at_ms), unpack_run(opened.seqs)
    found = track(column, len(at_ms))
    if column.rows is None:
        return list(zip(at_ms, seqs, found.values, found.codes, strict=True))
    return [
        (at_ms[row], seqs[row], value, code)
        for row, value, code in zip(found.rows, found.values, found.codes, strict=True)
    ]


def _buckets(connection: Connection, level: Level, source_id: int, point_id: int, span: Span) -> list[Bucket]:
    """Those that touch the span. Hours that wait in the log are folded in as sealing will do it."""
    width_ms = WIDTHS[level] // MILLISECOND
    since, until = to_ms(span.since) // width_ms * width_ms, to_ms(span.until)
    found: dict[int, Bucket] = {}
    windows = (since // LENGTHS_MS[level], until // LENGTHS_MS[level])
    for body in shelf.bodies(connection, level, source_id, *windows):
        found |= {bucket.at_ms: bucket for bucket in open_summary(body, point_id).get(point_id, [])}
    for hour in shelf.logged(connection, source_id, since // HOUR_MS, until // HOUR_MS):
        known = [bucket for at_ms, bucket in found.items() if at_ms // HOUR_MS == hour]
        new, _ = shelf.polls(connection, source_id, hour)
        standing = shelf.find(connection, Place(Level.RAW, source_id, hour))
        old = polls_of(open_block(standing.body)) if standing else []
        both = hour_of(only(old, point_id), only(new, point_id))
        folded = fold(both, {point_id: known} if known else {}, width_ms)
        found |= {bucket.at_ms: bucket for bucket in folded.get(point_id, [])}
    return [found[at_ms] for at_ms in sorted(found) if since <= at_ms <= until]
