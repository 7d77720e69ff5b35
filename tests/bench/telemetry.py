"""The embedded store of readings: what a reading costs in time and room, and a day of one point among 100 million."""

from __future__ import annotations

import os
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random

from sqlalchemy import text

from collector.store.database import Database
from collector.telemetry.base import Arrival, Span
from collector.telemetry.sqlite import SqliteTelemetry
from collector.telemetry.steps import DAY, HOUR, Level
from edge_agent.contract.clock import to_ms
from tests.bench.fleet_day import DAYS, DEVICES, POINTS, STORE, arrivals, fill
from tests.bench.peer import bare_sqlite
from tests.bench.row import ROUNDS, Row, quotient, seconds
from tests.bench.sample import BEGIN_AT

MANY = int(os.environ.get("BENCH_READINGS", "100_000_000"))
"""The bar is for a hundred million; a smaller number is for a quick look and says so in the row."""

AT_ONCE = 250
"""Polls in a transaction: 5,000 readings, what 50 ms bring at 100,000 a second."""

QUERIES = 60


_WITH_ALL_DAYS = """SELECT device FROM source JOIN block ON block.source = source.id
WHERE level = 2 GROUP BY source.id HAVING count(*) = :days"""


def taking_in_and_sealing() -> list[Row]:
    """Beside the bare inserts of the same readings, each in a row of its own, as SQLite is mostly used; CPU time."""
    polls = [arrival for number in range(DEVICES) for arrival in arrivals(number, 120)]
    batches = [polls[index : index + AT_ONCE] for index in range(0, len(polls), AT_ONCE)]
    rows = [_rows(batch) for batch in batches]
    times = [(*_ours(batches), _bare(rows)) for _ in range(ROUNDS)]
    total = len(polls) * len(POINTS)
    logged, sealed, bare = (statistics.median(some) for some in zip(*times, strict=True))
    detail = (
        f"log {total / logged:,.0f}, sealing {total / sealed:,.0f}, bare {total / bare:,.0f} readings per CPU second"
    )
    peer = "bare SQLite executemany of the readings"
    return [
        _row(f"telemetry: {total} readings into the log", [one[0] / one[2] for one in times], 1.0, peer, detail),
        _row(
            f"telemetry: {total} readings sealed, with roll-ups", [one[1] / one[2] for one in times], 2.0, peer, detail
        ),
    ]


def ingest_beside_sealing() -> Row:
    """How long a transaction waits at most while another thread seals without a pause."""
    polls = [arrival for number in range(DEVICES) for arrival in arrivals(number, 360)]
    Random(1).shuffle(polls)
    batches = [polls[index : index + AT_ONCE] for index in range(0, len(polls), AT_ONCE)]
    over = threading.Event()
    with tempfile.TemporaryDirectory() as folder, closing(Database(Path(folder) / "c.sqlite")) as database:
        database.migrate()
        telemetry = SqliteTelemetry(database)
        sealing = threading.Thread(target=_seal_until, args=(telemetry, over))
        sealing.start()
        waits = [seconds(partial(_record, database, telemetry, [batch])) for batch in batches]
        over.set()
        sealing.join()
    slow = sorted(waits)[-len(waits) // 100]
    detail = f"median {statistics.median(waits):.3f} s, 99th of 100 {slow:.3f} s, {len(polls) * len(POINTS)} readings"
    name = "telemetry: the ingest's longest wait beside sealing"
    longest = max(waits)
    peer = "a second"
    return Row(name=name, value=longest, spread=0.0, unit="s", bar=1.0, peer=peer, ok=longest <= 1.0, detail=detail)


def _seal_until(telemetry: SqliteTelemetry, over: threading.Event) -> None:
    while not over.is_set():
        telemetry.work(BEGIN_AT + DAY)


def room_and_queries() -> list[Row]:
    """Of a hundred million readings in one file."""
    with tempfile.TemporaryDirectory() as folder, closing(Database(Path(folder) / "c.sqlite")) as database:
        database.migrate()
        telemetry = SqliteTelemetry(database)
        for number in range(DEVICES):
            _record(database, telemetry, [list(arrivals(number))])
        while telemetry.work(BEGIN_AT + DAY + 2 * HOUR):
            pass
        total = fill(database, MANY)
        return [_room(database, total), *_queries(database, telemetry, Path(folder) / "c.sqlite", total)]


def _room(database: Database, total: int) -> Row:
    with database.writing() as connection:
        pages = connection.execute(text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"))
        size = int(pages.scalar_one())
        levels = connection.execute(text("SELECT level, sum(length(body)) FROM block GROUP BY level"))
        parts = ", ".join(f"{Level(level).name.lower()} {held / total:.2f}" for level, held in levels)
    peer = f"bytes a reading, whole file at {total:,}"
    name = "telemetry: room of a reading with its roll-ups"
    return Row(
        name=name, value=size / total, spread=0.0, unit="B", bar=8.0, peer=peer, ok=size / total <= 8.0, detail=parts
    )


def _queries(database: Database, telemetry: SqliteTelemetry, file: Path, total: int) -> list[Row]:
    dice = Random(1)
    with database.reading() as connection:
        devices = list(connection.execute(text(_WITH_ALL_DAYS), {"days": DAYS}).scalars())

    def day() -> int:
        until = BEGIN_AT + DAY + timedelta(hours=dice.randint(0, 24 * (DAYS - 1)))
        span = Span(since=until - DAY, until=until, most=5_000)
        return len(telemetry.read(STORE, dice.choice(devices), ["temp.3"], span)["temp.3"])

    def year() -> int:
        now = BEGIN_AT + DAYS * DAY
        span = Span(since=now - 365 * DAY, until=now, most=2_000)
        return len(telemetry.chart(STORE, dice.choice(devices), ["temp.3"], span, now).points["temp.3"])

    def week() -> int:
        now = BEGIN_AT + DAYS * DAY
        span = Span(since=now - 7 * DAY, until=now, most=2_000)
        return len(telemetry.chart(STORE, dice.choice(devices), ["temp.3"], span, now).points["temp.3"])

    cold = [_timed_cold(day, file) for _ in range(QUERIES // 3)]
    return [
        _milliseconds("telemetry: 24 h of one point", 50.0, [_timed(day) for _ in range(QUERIES)], total, cold),
        _milliseconds(
            "telemetry: 7 days of one point as a chart", 200.0, [_timed(week) for _ in range(QUERIES)], total
        ),
        _milliseconds(
            "telemetry: a year of one point as a chart", 200.0, [_timed(year) for _ in range(QUERIES)], total
        ),
    ]


def _milliseconds(name: str, bar: float, times: Sequence[float], total: int, cold: Sequence[float] = ()) -> Row:
    """The bar holds for the median, with the file in memory and without."""
    slow = sorted(times)[-len(times) // 20]
    detail = f"median {statistics.median(times):.1f} ms, 95th of 100 {slow:.1f} ms"
    if cold:
        detail += f"; file not in memory: median {statistics.median(cold):.1f} ms"
    value = max(statistics.median(times), statistics.median(cold or [0.0]))
    spread = (max(times) - min(times)) / 2
    peer = f"ms, among {total:,} readings"
    return Row(name=name, value=value, spread=spread, unit="ms", bar=bar, peer=peer, ok=value <= bar, detail=detail)


def _timed(query: Callable[[], int]) -> float:
    found: list[int] = []
    taken = seconds(lambda: found.append(query())) * 1000
    assert found[0], "the query found nothing"
    return taken


def _timed_cold(query: Callable[[], int], file: Path) -> float:
    """With the pages of the file dropped from the machine's memory (SQLite's own may still hold some)."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return _timed(query)


def _ours(batches: Sequence[Sequence[Arrival]]) -> tuple[float, float]:
    """CPU seconds into the log, and of sealing all of it."""
    with tempfile.TemporaryDirectory() as folder, closing(Database(Path(folder) / "c.sqlite")) as database:
        database.migrate()
        telemetry = SqliteTelemetry(database)
        logged = _cpu_seconds(lambda: _record(database, telemetry, batches))
        return logged, _cpu_seconds(lambda: _seal(telemetry))


def _seal(telemetry: SqliteTelemetry) -> None:
    while telemetry.work(BEGIN_AT + DAY):
        pass


def _record(database: Database, telemetry: SqliteTelemetry, batches: Sequence[Sequence[Arrival]]) -> None:
    for batch in batches:
        with database.writing() as connection:
            telemetry.record(connection, batch)


def _bare(batches: Sequence[Sequence[tuple[int, int, int, float]]]) -> float:
    with bare_sqlite() as db:
        db.execute("CREATE TABLE reading (series INT, at INT, seq INT, value REAL, PRIMARY KEY (series, at, seq))")
        return _cpu_seconds(lambda: _insert(db, batches))


def _insert(db: sqlite3.Connection, batches: Sequence[Sequence[tuple[int, int, int, float]]]) -> None:
    for batch in batches:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO reading VALUES (?, ?, ?, ?)", batch)
        db.execute("COMMIT")


def _rows(batch: Sequence[Arrival]) -> list[tuple[int, int, int, float]]:
    rows = []
    for arrival in batch:
        poll = arrival.telemetry
        base = int(poll.device.rsplit("-", 1)[1]) * len(POINTS)
        at_ms = to_ms(poll.at)
        rows += [(base + index, at_ms, arrival.seq, float(one.value or 0.0)) for index, one in enumerate(poll.readings)]
    return rows


def _row(name: str, ratios: Sequence[float], bar: float, peer: str, detail: str) -> Row:
    return quotient(name, statistics.median(ratios), (max(ratios) - min(ratios)) / 2, bar, peer, detail)


def _cpu_seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def rows() -> list[Row]:
    return [*taking_in_and_sealing(), ingest_beside_sealing(), *room_and_queries()]
